//! Fulfilments: what a shipping partner was asked to deliver, and how far it has come.

use crate::domain::{
    ids::{FulfillmentId, LineId},
    order::{line::Line, status::FulfillmentStatus},
    text_enum::text_enum,
    timestamp::Timestamp,
};

text_enum! {
    /// How far a fulfilment has come. The first five are stages, in this order; the last two are side exits.
    FulfillmentStage {
        /// Asked for.
        Requested = "requested",
        /// The partner took it.
        Accepted = "accepted",
        /// Packed.
        Packed = "packed",
        /// On its way.
        Shipped = "shipped",
        /// Arrived.
        Delivered = "delivered",
        /// Never left.
        Cancelled = "cancelled",
        /// Left and did not arrive.
        DeliveryFailed = "delivery_failed",
    }
}

impl FulfillmentStage {
    /// Its units are with the partner, or arrived.
    pub const fn is_live(self) -> bool {
        !matches!(self, Self::Cancelled | Self::DeliveryFailed)
    }

    /// Whether news of `next` changes anything: stages only go forward, side exits end what has not arrived.
    pub fn may_become(self, next: Self) -> bool {
        self.is_live() && self != Self::Delivered && if next == Self::Cancelled { self < Self::Shipped } else { next > self }
    }
}

/// Where the parcel is, in the carrier's words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Tracking {
    /// Who carries it. At most 255 characters, as the number.
    pub carrier: String,
    /// The carrier's number.
    pub number: String,
    /// Where to follow it. At most 2,048 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Characters of the carrier's name and of its number; a longer one is refused.
const NAME_MAX: usize = 255;
/// Characters of the address of a parcel's page; a longer one is refused.
const URL_MAX: usize = 2_048;

impl Tracking {
    /// Whether its texts are short enough to be kept and told in events.
    pub fn fits(&self) -> bool {
        let fits = |text: &str, max| text.chars().count() <= max;
        fits(&self.carrier, NAME_MAX) && fits(&self.number, NAME_MAX) && self.url.as_deref().is_none_or(|url| fits(url, URL_MAX))
    }
}

/// Units of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FulfillmentLine {
    /// The line.
    pub line: LineId,
    /// Units of it.
    pub quantity: u32,
}

/// One request to a shipping partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfillment {
    /// Its id, by which the partner speaks of it.
    pub id: FulfillmentId,
    /// How far it has come.
    pub stage: FulfillmentStage,
    /// Where the parcel is.
    pub tracking: Option<Tracking>,
    /// `shipping.cancel` is out and not answered.
    pub cancel_requested: bool,
    /// What is in it.
    pub lines: Vec<FulfillmentLine>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its stage last changed.
    pub updated_at: Timestamp,
}

/// The status of an order's shipping: the highest stage that any unit reached, `partially_` unless all did.
pub fn fulfillment_status(lines: &[Line]) -> FulfillmentStatus {
    let shippable = || lines.iter().filter(|line| line.requires_shipping).map(|line| &line.quantities);
    let sum = |stage: fn(&crate::domain::order::line::Quantities) -> u32| shippable().map(stage).map(u64::from).sum::<u64>();
    let (units, fulfilled) = (sum(|quantities| quantities.ordered - quantities.cancelled), sum(|quantities| quantities.fulfilled));
    let (shipped, delivered) = (sum(|quantities| quantities.shipped), sum(|quantities| quantities.delivered));
    if units == 0 {
        FulfillmentStatus::NotRequired
    } else if delivered > 0 {
        if delivered == units { FulfillmentStatus::Delivered } else { FulfillmentStatus::PartiallyDelivered }
    } else if shipped > 0 {
        if shipped == units { FulfillmentStatus::Shipped } else { FulfillmentStatus::PartiallyShipped }
    } else if fulfilled > 0 {
        if fulfilled == units { FulfillmentStatus::Fulfilled } else { FulfillmentStatus::PartiallyFulfilled }
    } else {
        FulfillmentStatus::Unfulfilled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_go_forward_only_and_side_exits_are_final() {
        use FulfillmentStage::*;
        for (from, next, may) in [
            (Requested, Shipped, true),
            (Shipped, Packed, false),
            (Shipped, Shipped, false),
            (Packed, Cancelled, true),
            (Shipped, Cancelled, false),
            (Shipped, DeliveryFailed, true),
            (Delivered, DeliveryFailed, false),
            (Cancelled, Accepted, false),
            (DeliveryFailed, Delivered, false),
        ] {
            assert_eq!(from.may_become(next), may, "{from} → {next}");
        }
    }
}
