//! The one table of an order's life. Commands and the saga change `status` through it and nothing else does.

use super::status::OrderStatus::{
    self, AwaitingPayment, Cancelled, Cancelling, Completed, Confirmed, Expired, Pending, Processing, Rejected,
};
use crate::domain::text_enum::text_enum;

text_enum! {
    /// What makes an order change its status. Its text is the `action` of the history row.
    Trigger {
        /// The inventory service holds this attempt's stock.
        StockReserved = "stock_reserved",
        /// The inventory service refuses.
        StockRejected = "stock_rejected",
        /// It let the stock go again; another attempt is made.
        ReservationExpired = "reservation_expired",
        /// It let the stock go for the last time.
        ReservationExhausted = "reservation_exhausted",
        /// The ledger satisfies the payment policy.
        PaymentSatisfied = "confirmed",
        /// The payment deadline passed and the payment service says: not paid.
        PaymentDeadline = "expired",
        /// A shipping partner accepted the first fulfilment.
        FulfillmentAccepted = "processing",
        /// Everything is delivered, cancelled or needs no shipping, and the books are level.
        AllSettled = "completed",
        /// A caller asked for a full cancellation.
        Cancel = "cancellation_requested",
        /// Everything that a cancellation undoes is undone.
        CancelSettled = "cancelled",
        /// The goods left before the cancellation reached them.
        CancelOvertaken = "cancellation_overtaken",
    }
}

/// One row: in `from`, `trigger` leads to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The status before.
    pub from: OrderStatus,
    /// What happens.
    pub trigger: Trigger,
    /// The status after.
    pub to: OrderStatus,
}

const fn row(from: OrderStatus, trigger: Trigger, to: OrderStatus) -> Transition {
    Transition { from, trigger, to }
}

/// Every legal transition. A pair that is not here is illegal, whatever a message says.
pub const TRANSITIONS: &[Transition] = &[
    row(Pending, Trigger::StockReserved, AwaitingPayment),
    row(Pending, Trigger::StockRejected, Rejected),
    row(AwaitingPayment, Trigger::PaymentSatisfied, Confirmed),
    row(AwaitingPayment, Trigger::ReservationExpired, Pending),
    row(AwaitingPayment, Trigger::ReservationExhausted, Rejected),
    row(Pending, Trigger::PaymentDeadline, Expired),
    row(AwaitingPayment, Trigger::PaymentDeadline, Expired),
    row(Confirmed, Trigger::FulfillmentAccepted, Processing),
    row(Confirmed, Trigger::AllSettled, Completed),
    row(Processing, Trigger::AllSettled, Completed),
    row(Pending, Trigger::Cancel, Cancelling),
    row(AwaitingPayment, Trigger::Cancel, Cancelling),
    row(Confirmed, Trigger::Cancel, Cancelling),
    row(Processing, Trigger::Cancel, Cancelling),
    row(Cancelling, Trigger::CancelSettled, Cancelled),
    row(Cancelling, Trigger::CancelOvertaken, Processing),
];

/// Where a trigger leads, if it leads anywhere.
pub fn target(from: OrderStatus, trigger: Trigger) -> Option<OrderStatus> {
    TRANSITIONS.iter().find(|row| row.from == from && row.trigger == trigger).map(|row| row.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_one_target_at_most() {
        for (index, row) in TRANSITIONS.iter().enumerate() {
            assert!(!TRANSITIONS[..index].iter().any(|other| (other.from, other.trigger) == (row.from, row.trigger)), "{row:?} twice");
        }
    }

    /// The table of the design, written down a second time: what may happen in each status. Everything else must be refused.
    #[test]
    fn every_pair_that_is_not_listed_is_illegal() {
        use Trigger::*;
        let legal: &[(OrderStatus, &[Trigger])] = &[
            (Pending, &[StockReserved, StockRejected, PaymentDeadline, Cancel]),
            (AwaitingPayment, &[PaymentSatisfied, ReservationExpired, ReservationExhausted, PaymentDeadline, Cancel]),
            (Confirmed, &[FulfillmentAccepted, AllSettled, Cancel]),
            (Processing, &[AllSettled, Cancel]),
            (Cancelling, &[CancelSettled, CancelOvertaken]),
        ];
        for &from in OrderStatus::ALL {
            for &trigger in Trigger::ALL {
                let allowed = legal.iter().any(|(status, triggers)| *status == from && triggers.contains(&trigger));
                assert_eq!(target(from, trigger).is_some(), allowed, "{from} on {trigger}");
            }
        }
    }

    #[test]
    fn the_dead_stay_dead() {
        for &status in OrderStatus::ALL.iter().filter(|status| status.is_dead()) {
            assert!(TRANSITIONS.iter().all(|row| row.from != status), "{status} has a way out");
        }
    }
}
