//! The four status axes of an order. `status` is written by transitions only; the other three are pure functions of ledger and
//! quantities.

use crate::domain::text_enum::text_enum;

text_enum! {
    /// Where the order is in its life.
    OrderStatus {
        /// Waits for its stock.
        Pending = "pending",
        /// Stock is held; waits for its money.
        AwaitingPayment = "awaiting_payment",
        /// Paid as its policy asks; goes to shipping.
        Confirmed = "confirmed",
        /// A shipping partner works on it.
        Processing = "processing",
        /// Delivered and settled. Still takes returns and refunds.
        Completed = "completed",
        /// A cancellation is under way.
        Cancelling = "cancelling",
        /// Cancelled, with everything undone.
        Cancelled = "cancelled",
        /// Not paid in time.
        Expired = "expired",
        /// No stock.
        Rejected = "rejected",
    }
}

impl OrderStatus {
    /// No transition leads out; money that arrives now is sent back.
    pub const fn is_dead(self) -> bool {
        matches!(self, Self::Cancelled | Self::Expired | Self::Rejected)
    }
}

text_enum! {
    /// What the ledger says, first match (see `payments::status`).
    PaymentStatus {
        /// Nothing is due and nothing was ever taken.
        NotRequired = "not_required",
        /// Nothing is due; what was authorized has been let go.
        Voided = "voided",
        /// All that was captured went back.
        Refunded = "refunded",
        /// Some of it went back.
        PartiallyRefunded = "partially_refunded",
        /// More was captured than is due.
        Overpaid = "overpaid",
        /// Captured = due.
        Paid = "paid",
        /// Some of it is captured.
        PartiallyPaid = "partially_paid",
        /// All of it is authorized.
        Authorized = "authorized",
        /// Some of it is authorized.
        PartiallyAuthorized = "partially_authorized",
        /// An operation is open.
        Pending = "pending",
        /// The last operation failed.
        Failed = "failed",
        /// Nothing happened yet.
        Unpaid = "unpaid",
    }
}

text_enum! {
    /// How far the units that need shipping have come.
    FulfillmentStatus {
        /// Nothing to ship.
        NotRequired = "not_required",
        /// No unit is in a live fulfilment.
        Unfulfilled = "unfulfilled",
        /// Some units are with a partner.
        PartiallyFulfilled = "partially_fulfilled",
        /// All units are with a partner.
        Fulfilled = "fulfilled",
        /// Some units are on their way.
        PartiallyShipped = "partially_shipped",
        /// All units are on their way.
        Shipped = "shipped",
        /// Some units have arrived.
        PartiallyDelivered = "partially_delivered",
        /// All units have arrived.
        Delivered = "delivered",
    }
}

text_enum! {
    /// What came back.
    ReturnStatus {
        /// Nothing.
        None = "none",
        /// A return is under way.
        Requested = "requested",
        /// Some delivered units came back.
        PartiallyReturned = "partially_returned",
        /// All delivered units came back.
        Returned = "returned",
    }
}

text_enum! {
    /// What the inventory service was asked and has answered for the current attempt. Internal: callers never see it.
    StockStatus {
        /// The tenant has no inventory service.
        Off = "off",
        /// `inventory.reserve` is out.
        Requested = "requested",
        /// Held for us.
        Reserved = "reserved",
        /// `inventory.commit` is out.
        Committing = "committing",
        /// Ours.
        Committed = "committed",
        /// Refused.
        Rejected = "rejected",
        /// Held, and let go by the inventory service.
        Expired = "expired",
        /// `inventory.release` is out.
        Releasing = "releasing",
        /// Let go.
        Released = "released",
    }
}
