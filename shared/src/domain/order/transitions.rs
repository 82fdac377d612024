//! The one table of an order's life. Commands and the saga change `status` through it and nothing else does.
//!
//! A row says where a trigger leads, what must hold for it, and what goes out with it. `Draft::take` refuses what is not here,
//! `Draft::advance` takes by itself what is due, `allowed_actions` reads its reasons here, and `docs/lifecycle.md` is printed from it.

use super::{
    Order,
    line::Line,
    status::OrderStatus::{self, AwaitingPayment, Cancelled, Cancelling, Completed, Confirmed, Expired, Pending, Processing, Rejected},
    status::StockStatus,
    stock::STOCK_ATTEMPTS_MAX,
};
use crate::domain::{messages::MessageType, money::Overflow, text_enum::text_enum};

text_enum! {
    /// What makes an order change its status. Its text is the `action` of the history row.
    Trigger {
        /// The inventory service holds this attempt's stock.
        StockReserved = "stock_reserved",
        /// The inventory service refuses.
        StockRejected = "stock_rejected",
        /// The inventory service let the stock go; another attempt is made.
        ReservationExpired = "reservation_expired",
        /// The inventory service let the stock go, and no attempt is left.
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

impl Trigger {
    /// It in the few words that a table or the edge of a diagram has room for.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::StockReserved => "stock held",
            Self::StockRejected => "no stock",
            Self::ReservationExpired => "stock let go",
            Self::ReservationExhausted => "stock let go for the last time",
            Self::PaymentSatisfied => "money secured",
            Self::PaymentDeadline => "payment deadline",
            Self::FulfillmentAccepted => "shipping accepted",
            Self::AllSettled => "all settled",
            Self::Cancel => "cancel",
            Self::CancelSettled => "all undone",
            Self::CancelOvertaken => "goods had left",
        }
    }

    /// The order takes it by itself as soon as the guard holds: the state is tested, never the event that led there.
    pub(in crate::domain) const fn is_spontaneous(self) -> bool {
        matches!(self, Self::PaymentSatisfied | Self::AllSettled | Self::CancelSettled)
    }
}

text_enum! {
    /// What must hold before a row is taken. Its text is what the documentation says.
    Guard {
        /// Nothing beyond the status.
        Always = "–",
        /// Another attempt may be made.
        AttemptsLeft = "fewer than 3 attempts",
        /// This was the last attempt.
        NoAttemptLeft = "the third attempt",
        /// The stock is held or not asked for, and the tenders give what is due.
        Paid = "stock held or policy off; Σ tenders (taken, or set aside) ≥ due",
        /// Nobody is being asked for money, but for a customer who does not act.
        NoPaymentOpen = "no operation requested, sent or unknown, and the payment service, asked, says not paid",
        /// Nothing is left to deliver, to pay, to let go or to wait for.
        Settled = "all units delivered, cancelled or not shippable; balance 0, no live authorization, no open operation",
        /// No unit has left.
        NothingShipped = "no unit shipped",
        /// What a cancellation undoes is undone, confirmed by answers.
        Undone = "no live authorization, net paid 0, no reservation, no live fulfilment, no open operation",
    }
}

impl Guard {
    /// Whether it holds for an order as it is.
    ///
    /// # Errors
    /// [`Overflow`]; cannot happen for an order that was placed.
    pub fn holds(self, order: &Order) -> Result<bool, Overflow> {
        Ok(match self {
            Self::Always => true,
            Self::AttemptsLeft => order.stock.attempt < STOCK_ATTEMPTS_MAX,
            Self::NoAttemptLeft => order.stock.attempt >= STOCK_ATTEMPTS_MAX,
            Self::Paid => order.is_stocked() && order.secured()? >= order.balances.due(),
            Self::NoPaymentOpen => !order.waits_for_payment(),
            Self::Settled => {
                order.lines.iter().all(Line::is_done)
                    && order.balances.balance_due().is_zero()
                    && order.balances.authorized().is_zero()
                    && !order.has_open_operation()
            }
            Self::NothingShipped => order.lines.iter().all(|line| line.quantities.shipped == 0),
            Self::Undone => {
                order.has_free_stock() && order.has_no_live_fulfillment() && order.balances.is_returned()? && !order.has_open_operation()
            }
        })
    }
}

/// One row: in `from`, if `guard` holds, `trigger` leads to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The status before.
    pub from: OrderStatus,
    /// What happens.
    pub trigger: Trigger,
    /// What must hold.
    pub guard: Guard,
    /// The status after.
    pub to: OrderStatus,
    /// The event that tells of it; a stock attempt that goes on is nobody's news.
    pub event: Option<MessageType>,
    /// What else commits with it.
    pub effects: &'static str,
}

const fn row(from: OrderStatus, trigger: Trigger, guard: Guard, to: OrderStatus, event: MessageType, effects: &'static str) -> Transition {
    Transition { from, trigger, guard, to, event: Some(event), effects }
}

const EXPIRY: &str = "`inventory.release`; what is set aside or taken goes back";
const REJECTION: &str = "what is set aside or taken goes back";
const CANCELLATION: &str = "`shipping.cancel`; once no fulfilment is live: what is set aside or taken goes back, `inventory.release`";

/// Every legal transition. A pair that is not here is illegal, whatever a message says.
pub const TRANSITIONS: &[Transition] = &[
    row(Pending, Trigger::StockReserved, Guard::Always, AwaitingPayment, MessageType::OrderStockReserved, "the next row is tested at once"),
    row(Pending, Trigger::StockRejected, Guard::Always, Rejected, MessageType::OrderRejected, REJECTION),
    row(
        AwaitingPayment,
        Trigger::PaymentSatisfied,
        Guard::Paid,
        Confirmed,
        MessageType::OrderConfirmed,
        "`inventory.commit`, `shipping.request`",
    ),
    Transition {
        from: AwaitingPayment,
        trigger: Trigger::ReservationExpired,
        guard: Guard::AttemptsLeft,
        to: Pending,
        event: None,
        effects: "`inventory.reserve`, attempt + 1",
    },
    row(AwaitingPayment, Trigger::ReservationExhausted, Guard::NoAttemptLeft, Rejected, MessageType::OrderRejected, REJECTION),
    row(Pending, Trigger::PaymentDeadline, Guard::NoPaymentOpen, Expired, MessageType::OrderExpired, EXPIRY),
    row(AwaitingPayment, Trigger::PaymentDeadline, Guard::NoPaymentOpen, Expired, MessageType::OrderExpired, EXPIRY),
    row(Confirmed, Trigger::FulfillmentAccepted, Guard::Always, Processing, MessageType::OrderProcessing, ""),
    row(Confirmed, Trigger::AllSettled, Guard::Settled, Completed, MessageType::OrderCompleted, ""),
    row(Processing, Trigger::AllSettled, Guard::Settled, Completed, MessageType::OrderCompleted, ""),
    row(Pending, Trigger::Cancel, Guard::NothingShipped, Cancelling, MessageType::OrderCancellationRequested, CANCELLATION),
    row(AwaitingPayment, Trigger::Cancel, Guard::NothingShipped, Cancelling, MessageType::OrderCancellationRequested, CANCELLATION),
    row(Confirmed, Trigger::Cancel, Guard::NothingShipped, Cancelling, MessageType::OrderCancellationRequested, CANCELLATION),
    row(Processing, Trigger::Cancel, Guard::NothingShipped, Cancelling, MessageType::OrderCancellationRequested, CANCELLATION),
    row(Cancelling, Trigger::CancelSettled, Guard::Undone, Cancelled, MessageType::OrderCancelled, ""),
    row(
        Cancelling,
        Trigger::CancelOvertaken,
        Guard::Always,
        Processing,
        MessageType::OrderProcessing,
        "units that did not leave are cancelled and given back: `order.lines_cancelled`",
    ),
];

/// The row that a trigger takes in this status, if there is one.
pub fn find(from: OrderStatus, trigger: Trigger) -> Option<&'static Transition> {
    TRANSITIONS.iter().find(|row| row.from == from && row.trigger == trigger)
}

/// The row that the order takes next by itself, if one is due.
///
/// # Errors
/// [`Overflow`]; cannot happen for an order that was placed.
pub fn due(order: &Order) -> Result<Option<&'static Transition>, Overflow> {
    for row in TRANSITIONS.iter().filter(|row| row.from == order.status && row.trigger.is_spontaneous()) {
        if row.guard.holds(order)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

impl Order {
    fn is_stocked(&self) -> bool {
        matches!(self.stock.status, StockStatus::Off | StockStatus::Reserved)
    }

    fn has_free_stock(&self) -> bool {
        matches!(self.stock.status, StockStatus::Off | StockStatus::Rejected | StockStatus::Expired | StockStatus::Released)
    }

    /// No unit is with a shipping partner, or on its way to one.
    pub(super) fn has_no_live_fulfillment(&self) -> bool {
        !self.fulfillments.iter().any(|fulfillment| fulfillment.stage.is_live())
    }

    fn has_open_operation(&self) -> bool {
        self.payments.iter().flat_map(|payment| &payment.operations).any(|operation| operation.state.is_open())
    }

    /// Money may still arrive, unless a customer does not do what an operation waits for.
    fn waits_for_payment(&self) -> bool {
        let mut operations = self.payments.iter().flat_map(|payment| &payment.operations);
        operations.any(|operation| operation.state.is_open() && operation.next_action.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::place::beginning;

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
                assert_eq!(find(from, trigger).is_some(), allowed, "{from} on {trigger}");
            }
        }
    }

    #[test]
    fn the_dead_stay_dead() {
        for &status in OrderStatus::ALL.iter().filter(|status| status.is_dead()) {
            assert!(TRANSITIONS.iter().all(|row| row.from != status), "{status} has a way out");
        }
    }

    #[test]
    fn every_status_is_reached_from_where_an_order_begins() {
        let mut reached = [true, false].map(|reserves| beginning(reserves).0).to_vec();
        while let Some(row) = TRANSITIONS.iter().find(|row| reached.contains(&row.from) && !reached.contains(&row.to)) {
            reached.push(row.to);
        }
        for status in OrderStatus::ALL {
            assert!(reached.contains(status), "nothing leads to {status}");
        }
    }
}
