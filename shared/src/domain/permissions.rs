//! Scopes: what an API key may do, and which of them are whose.

use super::text_enum::text_enum;

text_enum! {
    /// One scope.
    Permission {
        /// Place and change orders.
        OrdersWrite = "orders:write",
        /// Read orders and their history.
        OrdersRead = "orders:read",
        /// Cancel orders.
        OrdersCancel = "orders:cancel",
        /// Import orders in bulk.
        OrdersImport = "orders:import",
        /// Add, capture and void payments.
        PaymentsWrite = "payments:write",
        /// Read payments, operations and ledgers.
        PaymentsRead = "payments:read",
        /// Give money back.
        PaymentsRefund = "payments:refund",
        /// Manage API keys.
        KeysWrite = "keys:write",
        /// Manage tenants.
        Admin = "admin",
        /// See what a person must settle.
        OpsRead = "ops:read",
        /// Settle it.
        OpsWrite = "ops:write",
    }
}

impl Permission {
    /// What the first key of a tenant may do: everything that a tenant may.
    pub const OF_TENANTS: &'static [Self] = &[
        Self::OrdersWrite,
        Self::OrdersRead,
        Self::OrdersCancel,
        Self::OrdersImport,
        Self::PaymentsWrite,
        Self::PaymentsRead,
        Self::PaymentsRefund,
        Self::KeysWrite,
    ];

    /// What the operator's own key may do: no order is its own.
    pub const OF_OPERATORS: &'static [Self] = &[Self::Admin, Self::OpsRead, Self::OpsWrite, Self::KeysWrite];

    /// Whether it lets one look and nothing more.
    pub const fn is_of_reading(self) -> bool {
        matches!(self, Self::OrdersRead | Self::PaymentsRead | Self::OpsRead)
    }

    /// Whether only an operator may grant it.
    pub const fn is_operators(self) -> bool {
        matches!(self, Self::Admin | Self::OpsRead | Self::OpsWrite)
    }
}
