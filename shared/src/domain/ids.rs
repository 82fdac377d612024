//! Typed identifiers: a UUIDv7 shown as a prefix and 32 hex digits (`ord_0198f…`), the same text in URLs, JSON, messages and logs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;

use super::schema;

/// A source of fresh UUIDs. The domain never draws its own.
pub trait NewIds: Send {
    /// The next id, never given out before.
    fn next_uuid(&mut self) -> Uuid;
}

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}<32 hex digits>")]
pub struct InvalidId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

fn parse(prefix: &'static str, text: &str) -> Result<Uuid, InvalidId> {
    let digits = text.strip_prefix(prefix).ok_or(InvalidId { prefix })?;
    let canonical = digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !canonical {
        return Err(InvalidId { prefix });
    }
    Uuid::try_parse(digits).map_err(|_| InvalidId { prefix })
}

macro_rules! typed_ids {
    ($($(#[doc = $doc:literal])* $name:ident = $prefix:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a stored or fresh UUID.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, as the database keeps it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                schema::pattern(concat!("^", $prefix, "[0-9a-f]{32}$"), concat!($($doc),*).trim())
            }
        }

        impl ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

typed_ids! {
    /// An order.
    OrderId = "ord_";
    /// A line of an order.
    LineId = "lin_";
    /// A payment (tender) of an order.
    PaymentId = "pay_";
    /// One operation on a payment: authorize, capture, void or refund.
    OperationId = "op_";
    /// A fulfilment: one request to a shipping partner.
    FulfillmentId = "ful_";
    /// An event or command that we publish.
    EventId = "evt_";
    /// A tenant.
    TenantId = "ten_";
    /// A dead letter.
    DeadLetterId = "dl_";
    /// A session.
    SessionId = "ses_";
}

impl TenantId {
    /// Tenant 0: the operator of the installation.
    pub const OPERATOR: Self = Self(Uuid::nil());
}

/// An API key's id: `key_<tenant hex>_<key hex>`. It names its tenant, so that the look-up can run under that tenant; the name
/// counts only after the signature fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId {
    /// The tenant it claims to belong to.
    pub tenant: TenantId,
    /// The key within the tenant.
    pub key: Uuid,
}

impl KeyId {
    /// The operator's own key, whose secret is in the environment and in no table.
    pub const OPERATOR: Self = Self { tenant: TenantId::OPERATOR, key: Uuid::nil() };
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key_{}_{}", self.tenant.uuid().simple(), self.key.simple())
    }
}

impl FromStr for KeyId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        const PREFIX: &str = "key_";
        let invalid = InvalidId { prefix: PREFIX };
        let (tenant, key) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(invalid)?;
        Ok(Self { tenant: TenantId(parse("", tenant)?), key: parse("", key)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = OrderId::new(Uuid::from_u128(0x0198_f000_0000_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string(), "ord_0198f000000070008000000000000001");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn another_kind_another_case_and_another_length_are_refused() {
        for text in ["lin_0198f000000070008000000000000001", "ord_0198F000000070008000000000000001", "ord_0198f", "ord_", ""] {
            assert_eq!(text.parse::<OrderId>(), Err(InvalidId { prefix: "ord_" }), "{text}");
        }
    }

    #[test]
    fn a_key_id_names_its_tenant() {
        let id = KeyId { tenant: TenantId::OPERATOR, key: Uuid::from_u128(7) };
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("key_00".parse::<KeyId>().is_err());
    }
}
