//! Scopes: what an API key may do.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// One scope.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Permission {
            /// Every scope there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its text: `orders:write`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

permissions! {
    /// Place and change orders.
    OrdersWrite = "orders:write";
    /// Read orders and their history.
    OrdersRead = "orders:read";
    /// Cancel orders.
    OrdersCancel = "orders:cancel";
    /// Import orders in bulk.
    OrdersImport = "orders:import";
    /// Add, capture and void payments.
    PaymentsWrite = "payments:write";
    /// Read payments, operations and ledgers.
    PaymentsRead = "payments:read";
    /// Give money back.
    PaymentsRefund = "payments:refund";
    /// Manage API keys.
    KeysWrite = "keys:write";
    /// Manage tenants.
    Admin = "admin";
    /// See what a person must settle.
    OpsRead = "ops:read";
    /// Settle it.
    OpsWrite = "ops:write";
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope")]
pub struct UnknownPermission;

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text).ok_or(UnknownPermission)
    }
}
