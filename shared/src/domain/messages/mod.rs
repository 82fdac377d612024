//! What the service says to others: events (facts, to anyone) and commands (requests, to one partner or to ourselves).
//!
//! In reading order: [`MessageType`] and [`Content`], one table; `data`, what each type says; `size`, how large it may become.

mod data;
pub mod size;

use serde::Serialize;

pub use self::data::{
    AttentionReason, AttentionRequired, CancellationRequested, Changed, FulfillmentNews, FulfillmentTold, Lines, Lost, OperationRequested,
    OperationTold, OrderSnapshot, PaymentNews, ShippingCancel, ShippingRequest, Shortage, Shortages, StockCommand, Undone, Units, Updated,
};
use super::{
    ids::{EventId, OrderId},
    schema::Shape,
    text_enum::text_enum,
};

/// The topic exchange of our events.
pub const EVENT_EXCHANGE: &str = "orders.events";

/// One table of all messages: the type, and the struct of its own data if it has any.
macro_rules! messages {
    ($($(#[doc = $doc:literal])+ $name:ident $(($data:ident))? = $text:literal,)+) => {
        text_enum! {
            /// The CloudEvents `type` of everything we publish, with its version.
            MessageType { $($(#[doc = $doc])+ $name = $text,)+ }
        }

        /// What a message says of its own: an event says it beside the snapshot of its order.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Content { $($(#[doc = $doc])+ $name $(($data))?,)+ }

        impl Content {
            /// The type under which it is said.
            pub const fn kind(&self) -> MessageType {
                match self {
                    $(Self::$name { .. } => MessageType::$name,)+
                }
            }
        }

        impl MessageType {
            /// How its own data describes itself; nothing when it has none.
            pub fn own_data(self) -> Option<Shape> {
                match self {
                    $(Self::$name => None$(.or(Some(Shape::of::<$data>())))?,)+
                }
            }
        }
    };
}

messages! {
    /// An order was placed.
    OrderCreated(Lines) = "order.created.v1",
    /// Its stock is held.
    OrderStockReserved = "order.stock_reserved.v1",
    /// There is no stock for it.
    OrderRejected(Shortages) = "order.rejected.v1",
    /// It is paid as its policy asks.
    OrderConfirmed = "order.confirmed.v1",
    /// A shipping partner works on it.
    OrderProcessing = "order.processing.v1",
    /// Delivered and settled.
    OrderCompleted = "order.completed.v1",
    /// A person must look.
    OrderAttentionRequired(AttentionRequired) = "order.attention_required.v1",
    /// Something of it changed that has no event of its own.
    OrderUpdated(Updated) = "order.updated.v1",
    /// A caller wants it undone.
    OrderCancellationRequested(CancellationRequested) = "order.cancellation_requested.v1",
    /// Some units will not be delivered.
    OrderLinesCancelled(Lines) = "order.lines_cancelled.v1",
    /// Not paid in time.
    OrderExpired = "order.expired.v1",
    /// Undone: nothing is held, nothing is owed.
    OrderCancelled = "order.cancelled.v1",
    /// The customer must act before the payment goes on.
    OrderPaymentRequiresAction(PaymentNews) = "order.payment_requires_action.v1",
    /// Money was set aside.
    OrderPaymentAuthorized(PaymentNews) = "order.payment_authorized.v1",
    /// Money was taken.
    OrderPaymentCaptured(PaymentNews) = "order.payment_captured.v1",
    /// What was set aside was let go.
    OrderPaymentVoided(PaymentNews) = "order.payment_voided.v1",
    /// The payment service refused.
    OrderPaymentFailed(PaymentNews) = "order.payment_failed.v1",
    /// Nobody knows yet whether money moved.
    OrderPaymentUnknown(PaymentNews) = "order.payment_unknown.v1",
    /// Everything due is captured.
    OrderPaid = "order.paid.v1",
    /// Money arrived for an order that has no more use for it.
    OrderLatePaymentReceived(PaymentNews) = "order.late_payment_received.v1",
    /// Money is to go back.
    OrderRefundRequested(PaymentNews) = "order.refund_requested.v1",
    /// It went back.
    OrderRefundSucceeded(PaymentNews) = "order.refund_succeeded.v1",
    /// It did not.
    OrderRefundFailed(PaymentNews) = "order.refund_failed.v1",
    /// The partner took the fulfilment.
    OrderFulfillmentAccepted(FulfillmentNews) = "order.fulfillment_accepted.v1",
    /// Packed.
    OrderFulfillmentPacked(FulfillmentNews) = "order.fulfillment_packed.v1",
    /// On its way.
    OrderFulfillmentShipped(FulfillmentNews) = "order.fulfillment_shipped.v1",
    /// Arrived.
    OrderFulfillmentDelivered(FulfillmentNews) = "order.fulfillment_delivered.v1",
    /// Never left.
    OrderFulfillmentCancelled(FulfillmentNews) = "order.fulfillment_cancelled.v1",
    /// Did not arrive.
    OrderFulfillmentDeliveryFailed(FulfillmentNews) = "order.fulfillment_delivery_failed.v1",
    /// Hold stock for this attempt.
    InventoryReserve(StockCommand) = "inventory.reserve.v1",
    /// The held stock is ours.
    InventoryCommit(StockCommand) = "inventory.commit.v1",
    /// Let it go.
    InventoryRelease(StockCommand) = "inventory.release.v1",
    /// Deliver these lines.
    ShippingRequest(ShippingRequest) = "shipping.request.v1",
    /// Deliver nothing of this fulfilment, if it has not left.
    ShippingCancel(ShippingCancel) = "shipping.cancel.v1",
    /// To ourselves: send this operation to the payment service.
    PaymentOperationRequested(OperationRequested) = "payment.operation.requested.v1",
}

impl MessageType {
    /// A fact for anyone, on `orders.events`; otherwise a command, on `orders.commands`.
    pub fn is_event(self) -> bool {
        self.as_str().starts_with("order.")
    }

    /// The topic exchange it goes to.
    pub fn exchange(self) -> &'static str {
        if self.is_event() { EVENT_EXCHANGE } else { "orders.commands" }
    }

    /// The AMQP routing key: the type without its version.
    pub fn routing_key(self) -> &'static str {
        self.as_str().rsplit_once(".v").map_or(self.as_str(), |(key, _)| key)
    }
}

/// One message to publish, as the domain decided it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// CloudEvents `id`.
    pub id: EventId,
    /// CloudEvents `subject`.
    pub order: OrderId,
    /// Version of the order it speaks of.
    pub order_version: u64,
    /// Its place among the order's events, dense from 1; commands have none.
    pub sequence: Option<u64>,
    /// The order as it then was; commands have none.
    pub snapshot: Option<OrderSnapshot>,
    /// What it says.
    pub content: Content,
}

/// CloudEvents `data`.
#[derive(Debug, Serialize)]
pub struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a OrderSnapshot>,
    #[serde(flatten)]
    content: &'a Content,
}

impl Data<'_> {
    /// The member that every event has.
    pub const ORDER: &'static str = "order";
}

impl Message {
    /// CloudEvents `type`.
    pub const fn kind(&self) -> MessageType {
        self.content.kind()
    }

    /// CloudEvents `data`.
    pub const fn data(&self) -> Data<'_> {
        Data { order: self.snapshot.as_ref(), content: &self.content }
    }
}
