//! What the payment service tells of without being asked: the types of its events, which carry their version, and of its webhooks,
//! which do not.

use crate::domain::text_enum::text_enum;

text_enum! {
    /// What happened to an operation.
    PaymentNewsType {
        /// Money was set aside.
        PaymentAuthorized = "payment.authorized",
        /// Money was taken.
        PaymentCaptured = "payment.captured",
        /// Money that was set aside was let go.
        PaymentVoided = "payment.voided",
        /// An authorization, a capture or a void was refused.
        PaymentFailed = "payment.failed",
        /// An authorization has ended by itself.
        PaymentExpired = "payment.expired",
        /// The customer must act first.
        PaymentRequiresAction = "payment.requires_action",
        /// Money was given back.
        RefundSucceeded = "refund.succeeded",
        /// A refund was refused.
        RefundFailed = "refund.failed",
        /// Money that was given back has come back.
        RefundReversed = "refund.reversed",
    }
}
