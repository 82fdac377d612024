//! The data of each message: what its reader needs, and no more, because nobody takes an event of more than 64 KiB.
//!
//! A line of an order is told by its article number and its units, in every message: that is what partners work with, and it lets an
//! order have a thousand lines. Prices, names and the ids of lines are for whoever reads the order.

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::domain::{
    fulfilment::{FulfillmentStage, Tracking},
    ids::{FulfillmentId, OperationId, OrderId, PaymentId},
    money::{Amount, Currency},
    order::{
        Totals,
        contact::Address,
        status::{FulfillmentStatus, OrderStatus, PaymentStatus},
    },
    payments::{
        OperationKind,
        operation::{Attention, Failure, NextAction},
    },
    schema::{CurrencyCode, OrderNumber, Quantity, ReasonCode, Reference, ReservationId, Sku, enumeration},
    text_enum::text_enum,
};

/// The order as it was when the event happened. Every event carries it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OrderSnapshot {
    /// Its id.
    pub id: OrderId,
    /// For people.
    #[schema(value_type = OrderNumber)]
    pub number: String,
    /// The caller's own reference.
    #[schema(required, value_type = Option<Reference>)]
    pub external_reference: Option<String>,
    /// +1 with every change.
    pub version: u64,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// What its ledger says.
    pub payment_status: PaymentStatus,
    /// How far its units have come.
    pub fulfillment_status: FulfillmentStatus,
    /// ISO 4217.
    #[schema(value_type = CurrencyCode)]
    pub currency: Currency,
    /// Its sums.
    pub totals: Totals,
}

/// Units of an article: what partners need to know of a line. Several lines may be of one article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Units {
    /// The caller's article number.
    #[schema(value_type = Sku)]
    pub sku: String,
    /// How many.
    #[schema(value_type = Quantity)]
    pub quantity: u32,
}

/// Lines of the order, or parts of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lines {
    /// One for each line, in the order's own order.
    pub lines: Vec<Units>,
}

/// An article of which there is not enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shortage {
    /// The caller's article number, as `inventory.reserve` named it.
    #[schema(value_type = Sku)]
    pub sku: String,
    /// Units that there are.
    #[serde(default)]
    pub available: u32,
}

/// Why an order is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shortages {
    /// The order's articles that the inventory service named; none when the last reservation expired.
    pub lines: Vec<Shortage>,
}

/// A person must look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttentionRequired {
    /// Why.
    pub reason: AttentionReason,
    /// The tender that it is about, if it is about money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    /// Its operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// The fulfilment that it is about, if it is about goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fulfillment_id: Option<FulfillmentId>,
}

/// Why a person must look: for a reason of money, or for one of goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AttentionReason {
    /// An operation has come to something that no program settles.
    Money(Attention),
    /// A fulfilment has ended without its goods' arrival.
    Goods(Lost),
}

text_enum! {
    /// How a fulfilment ends without the arrival of its goods.
    Lost {
        /// The partner gave the fulfilment up; nobody had asked for that.
        FulfillmentCancelled = "fulfillment_cancelled",
        /// The goods left and did not arrive.
        FulfillmentDeliveryFailed = "fulfillment_delivery_failed",
    }
}

impl PartialSchema for AttentionReason {
    fn schema() -> RefOr<Schema> {
        enumeration("Why a person must look.", &[Attention::MEANINGS, Lost::MEANINGS].concat())
    }
}

impl ToSchema for AttentionReason {}

text_enum! {
    /// A part of an order.
    Changed {
        /// Its tenders and their operations.
        Payments = "payments",
        /// Its sums.
        Totals = "totals",
    }
}

/// Something changed that has no event of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Updated {
    /// What.
    pub changed: Vec<Changed>,
    /// Why, if somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    pub reason: Option<String>,
}

/// A caller wants the order undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CancellationRequested {
    /// Why, if the caller said so.
    #[schema(required, value_type = Option<ReasonCode>)]
    pub reason: Option<String>,
}

/// News of one operation on a tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaymentNews {
    /// The tender.
    pub payment_id: PaymentId,
    /// The operation.
    pub operation: OperationTold,
    /// What undid its success; absent unless something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Undone>,
}

text_enum! {
    /// How a success comes undone at the provider.
    Undone {
        /// What was set aside is no more.
        AuthorizationExpired = "authorization_expired",
        /// A refund was brought back.
        RefundReversed = "refund_reversed",
    }
}

/// An operation as events show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OperationNews)]
pub struct OperationTold {
    /// Its id.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// What moved or, before that, what is asked for.
    pub amount: Amount,
    /// The payment service's own reference of the movement.
    #[schema(required)]
    pub provider_reference: Option<String>,
    /// Why it failed.
    #[schema(required)]
    pub failure: Option<Failure>,
    /// What the customer must do first.
    #[schema(required)]
    pub next_action: Option<NextAction>,
}

/// News of one fulfilment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FulfillmentNews {
    /// The fulfilment.
    pub fulfillment: FulfillmentTold,
}

/// A fulfilment as events show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FulfillmentState)]
pub struct FulfillmentTold {
    /// Its id.
    pub id: FulfillmentId,
    /// How far it has come.
    pub status: FulfillmentStage,
    /// Where the parcel is, once that is known.
    #[schema(required)]
    pub tracking: Option<Tracking>,
}

/// To the inventory service, about one reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StockCommand {
    /// The reservation; its answer names it.
    #[schema(value_type = ReservationId)]
    pub reservation_id: String,
    /// The order.
    pub order_id: OrderId,
    /// One for each line. A release names what is let go, which may be a part.
    pub lines: Vec<Units>,
}

/// To the shipping partner: deliver these.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ShippingRequest {
    /// The fulfilment; the partner's reports name it.
    pub fulfillment_id: FulfillmentId,
    /// The order.
    pub order_id: OrderId,
    /// One for each line that needs shipping.
    pub lines: Vec<Units>,
    /// Where to. The one personal value that leaves, because its reader needs it.
    #[schema(required)]
    pub address: Option<Address>,
}

/// To the shipping partner: deliver nothing of this fulfilment, if it has not left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShippingCancel {
    /// The fulfilment.
    pub fulfillment_id: FulfillmentId,
    /// The order.
    pub order_id: OrderId,
}

/// To ourselves: send this operation to the payment service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationRequested {
    /// The operation; everything else about it is read when it is sent.
    pub operation_id: OperationId,
    /// Its tender.
    pub payment_id: PaymentId,
    /// The order.
    pub order_id: OrderId,
}
