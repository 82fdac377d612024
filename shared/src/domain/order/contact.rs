//! The personal data of an order. It lives in `order_contacts` only, and its Debug prints nothing of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::schema::{CountryCode, Reference, Text};

/// Who bought, as the caller told us.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The caller's own id of the customer; not personal by itself, so it is kept with the order too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Reference>)]
    pub reference: Option<String>,
    /// Where to write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Text>)]
    pub email: Option<String>,
    /// The customer's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Text>)]
    pub name: Option<String>,
    /// Where to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Text>)]
    pub phone: Option<String>,
}

/// Where to deliver or to bill.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Recipient.
    #[schema(value_type = Text)]
    pub name: String,
    /// Street and number.
    #[schema(value_type = Text)]
    pub line1: String,
    /// More of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Text>)]
    pub line2: Option<String>,
    /// Postal code.
    #[schema(value_type = Text)]
    pub postal_code: String,
    /// City.
    #[schema(value_type = Text)]
    pub city: String,
    /// State, province or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Text>)]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(value_type = CountryCode)]
    pub country: String,
}

/// Everything personal about an order.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// Who bought.
    pub customer: Customer,
    /// Where to deliver.
    pub shipping_address: Option<Address>,
    /// Where to bill, if elsewhere.
    pub billing_address: Option<Address>,
}

impl Contact {
    /// The e-mail address in the form that searches compare: trimmed, lower case.
    pub fn email_normalized(&self) -> Option<String> {
        self.customer.email.as_deref().map(normalize_email)
    }
}

/// The form of an e-mail address that searches compare.
pub fn normalize_email(email: &str) -> String {
    email.trim().to_lowercase()
}

macro_rules! redacted_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("‹redacted›")
            }
        }
    )*};
}
redacted_debug!(Customer, Address, Contact);
