//! What somebody waits for an order to become: `payment_status:paid`, `version:12`.

use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::{
    Order,
    status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus},
};

/// Digits of a version: so many are always a number that fits. One with more is no milestone.
const VERSION_DIGITS_MAX: usize = 19;

/// One of its statuses, or that it has come so far. Text: `<member>:<value>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Milestone {
    /// `status` is this.
    Status(OrderStatus),
    /// `payment_status` is this.
    PaymentStatus(PaymentStatus),
    /// `fulfillment_status` is this.
    FulfillmentStatus(FulfillmentStatus),
    /// `return_status` is this.
    ReturnStatus(ReturnStatus),
    /// `version` is this or a later one.
    Version(u64),
}

impl Milestone {
    /// Whether the order is there. A status may pass: who asks later may find another.
    pub fn is_reached_by(self, order: &Order) -> bool {
        match self {
            Self::Status(status) => order.status == status,
            Self::PaymentStatus(status) => order.payment_status == status,
            Self::FulfillmentStatus(status) => order.fulfillment_status == status,
            Self::ReturnStatus(status) => order.return_status == status,
            Self::Version(version) => order.version >= version,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (member, value) = text.split_once(':')?;
        match member {
            "status" => value.parse().ok().map(Self::Status),
            "payment_status" => value.parse().ok().map(Self::PaymentStatus),
            "fulfillment_status" => value.parse().ok().map(Self::FulfillmentStatus),
            "return_status" => value.parse().ok().map(Self::ReturnStatus),
            // `parse` would take a sign.
            "version" if value.len() <= VERSION_DIGITS_MAX && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                value.parse().ok().map(Self::Version)
            }
            _ => None,
        }
    }
}

impl TryFrom<String> for Milestone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("expected a status and its value, such as payment_status:paid, or version: and a number")
    }
}

impl PartialSchema for Milestone {
    fn schema() -> RefOr<Schema> {
        fn values(all: &[(&str, &str)]) -> String {
            all.iter().map(|(text, _)| *text).collect::<Vec<_>>().join("|")
        }
        let statuses = [
            ("status", OrderStatus::MEANINGS),
            ("payment_status", PaymentStatus::MEANINGS),
            ("fulfillment_status", FulfillmentStatus::MEANINGS),
            ("return_status", ReturnStatus::MEANINGS),
        ];
        let statuses: Vec<_> = statuses.iter().map(|(member, all)| format!("{member}:({})", values(all))).collect();
        let pattern = format!("^({}|version:[0-9]{{1,{VERSION_DIGITS_MAX}}})$", statuses.join("|"));
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).into()
    }
}

impl ToSchema for Milestone {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_milestone_is_a_status_or_a_version() {
        for (text, milestone) in [
            ("status:confirmed", Milestone::Status(OrderStatus::Confirmed)),
            ("payment_status:paid", Milestone::PaymentStatus(PaymentStatus::Paid)),
            ("fulfillment_status:delivered", Milestone::FulfillmentStatus(FulfillmentStatus::Delivered)),
            ("return_status:none", Milestone::ReturnStatus(ReturnStatus::None)),
            ("version:12", Milestone::Version(12)),
        ] {
            assert_eq!(Milestone::parse(text), Some(milestone), "{text}");
        }
        for text in
            ["", "paid", "status:paid", "status:", "version:", "version:+1", "version:-1", "version:1.0", "number:1", "status:confirmed:"]
        {
            assert_eq!(Milestone::parse(text), None, "{text}");
        }
    }
}
