//! What the service says to others: events (facts, to anyone) and commands (requests, to one partner or to ourselves).

use serde_json::Value;

use super::{
    ids::{EventId, OrderId},
    text_enum::text_enum,
};

text_enum! {
    /// The CloudEvents `type` of everything we publish, with its version.
    MessageType {
        /// An order was placed.
        OrderCreated = "order.created.v1",
        /// Its stock is held.
        OrderStockReserved = "order.stock_reserved.v1",
        /// There is no stock for it.
        OrderRejected = "order.rejected.v1",
        /// It is paid as its policy asks.
        OrderConfirmed = "order.confirmed.v1",
        /// A shipping partner works on it.
        OrderProcessing = "order.processing.v1",
        /// Delivered and settled.
        OrderCompleted = "order.completed.v1",
        /// A person must look.
        OrderAttentionRequired = "order.attention_required.v1",
        /// Something of it changed that has no event of its own.
        OrderUpdated = "order.updated.v1",
        /// A caller wants it undone.
        OrderCancellationRequested = "order.cancellation_requested.v1",
        /// Some units will not be delivered.
        OrderLinesCancelled = "order.lines_cancelled.v1",
        /// Not paid in time.
        OrderExpired = "order.expired.v1",
        /// Undone: nothing is held, nothing is owed.
        OrderCancelled = "order.cancelled.v1",
        /// The customer must act before the payment goes on.
        OrderPaymentRequiresAction = "order.payment_requires_action.v1",
        /// Money was set aside.
        OrderPaymentAuthorized = "order.payment_authorized.v1",
        /// Money was taken.
        OrderPaymentCaptured = "order.payment_captured.v1",
        /// What was set aside was let go.
        OrderPaymentVoided = "order.payment_voided.v1",
        /// The payment service refused.
        OrderPaymentFailed = "order.payment_failed.v1",
        /// Nobody knows yet whether money moved.
        OrderPaymentUnknown = "order.payment_unknown.v1",
        /// Everything due is captured.
        OrderPaid = "order.paid.v1",
        /// Money arrived for an order that has no more use for it.
        OrderLatePaymentReceived = "order.late_payment_received.v1",
        /// Money is to go back.
        OrderRefundRequested = "order.refund_requested.v1",
        /// It went back.
        OrderRefundSucceeded = "order.refund_succeeded.v1",
        /// It did not.
        OrderRefundFailed = "order.refund_failed.v1",
        /// The partner took the fulfilment.
        OrderFulfillmentAccepted = "order.fulfillment_accepted.v1",
        /// Packed.
        OrderFulfillmentPacked = "order.fulfillment_packed.v1",
        /// On its way.
        OrderFulfillmentShipped = "order.fulfillment_shipped.v1",
        /// Arrived.
        OrderFulfillmentDelivered = "order.fulfillment_delivered.v1",
        /// Never left.
        OrderFulfillmentCancelled = "order.fulfillment_cancelled.v1",
        /// Did not arrive.
        OrderFulfillmentDeliveryFailed = "order.fulfillment_delivery_failed.v1",
        /// Hold stock for this attempt.
        InventoryReserve = "inventory.reserve.v1",
        /// The held stock is ours.
        InventoryCommit = "inventory.commit.v1",
        /// Let it go.
        InventoryRelease = "inventory.release.v1",
        /// Deliver these lines.
        ShippingRequest = "shipping.request.v1",
        /// Deliver nothing of this fulfilment, if it has not left.
        ShippingCancel = "shipping.cancel.v1",
        /// To ourselves: send this operation to the payment service.
        PaymentOperationRequested = "payment.operation.requested.v1",
    }
}

impl MessageType {
    /// A fact for anyone, on `orders.events`; otherwise a command, on `orders.commands`.
    pub fn is_event(self) -> bool {
        self.as_str().starts_with("order.")
    }

    /// The topic exchange it goes to.
    pub fn exchange(self) -> &'static str {
        if self.is_event() { "orders.events" } else { "orders.commands" }
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
    /// CloudEvents `type`.
    pub kind: MessageType,
    /// CloudEvents `subject`.
    pub order: OrderId,
    /// Version of the order it speaks of.
    pub order_version: u64,
    /// Its place among the order's events, dense from 1; commands have none.
    pub sequence: Option<u64>,
    /// CloudEvents `data`.
    pub data: Value,
}
