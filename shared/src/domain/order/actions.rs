//! What callers may do with an order, and why not: the guard of each command, shown to callers as `allowed_actions`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Order,
    draft::{Draft, Refusal},
    hold::{self, Blocked},
    status::OrderStatus,
    transitions::{self, Trigger},
};
use crate::domain::{
    ids::{LineId, PaymentId},
    money::{Amount, Overflow},
    payments::{OperationKind, Payment},
    text_enum::text_enum,
};

/// Tenders of one order, the failed ones included; a further one is refused.
pub const PAYMENTS_MAX: usize = 50;

text_enum! {
    /// What a caller can ask of an order.
    Action {
        /// Cancel it whole.
        Cancel = "cancel",
        /// Add a tender.
        AddPayment = "add_payment",
        /// Take what a tender has set aside.
        CapturePayment = "capture_payment",
        /// Let a tender go.
        VoidPayment = "void_payment",
        /// Give money back.
        Refund = "refund",
    }
}

text_enum! {
    /// Why an action is not allowed just now.
    Obstacle {
        /// The order has come to its end: completed, cancelled, expired or rejected.
        OrderEnded = "order_ended",
        /// A cancellation is under way: what is due to the customer goes back by itself.
        Cancelling = "cancelling",
        /// The order is not confirmed yet: to get its money back, cancel it or void its tenders.
        NotConfirmed = "not_confirmed",
        /// Goods have left: only lines that are still here could be cancelled.
        Shipped = "shipped",
        /// A hold blocks it.
        OnHold = "on_hold",
        /// Everything due is paid, or on its way.
        NothingDue = "nothing_due",
        /// It has as many tenders as an order may have.
        TooManyPayments = "too_many_payments",
        /// No money is set aside that nobody is taking or letting go already.
        NothingAuthorized = "nothing_authorized",
        /// The money that is set aside secures goods that are on their way: capture it, or cancel the order.
        SecuresOrder = "secures_order",
        /// All that was taken has gone back or is on its way back.
        NothingRefundable = "nothing_refundable",
    }
}

/// An action and whether it may be asked for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AllowedAction {
    /// What.
    pub action: Action,
    /// Whether it would be accepted.
    pub allowed: bool,
    /// Why not; empty when it is allowed.
    pub reasons: Vec<Obstacle>,
}

/// Units of a line that have not left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct CancellableLine {
    /// The line.
    pub id: LineId,
    /// Units of it that have neither left nor been cancelled.
    pub quantity: u32,
}

impl Order {
    /// Every action, in the order of declaration.
    ///
    /// # Errors
    /// [`Overflow`]; cannot happen for an order that was placed.
    pub fn allowed_actions(&self) -> Result<Vec<AllowedAction>, Overflow> {
        let judged = Action::ALL.iter().map(|&action| {
            let reasons = self.obstacles(action)?;
            Ok(AllowedAction { action, allowed: reasons.is_empty(), reasons })
        });
        judged.collect()
    }

    /// What its tenders give for sure: taken or set aside, and not on its way back.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn secured(&self) -> Result<Amount, Overflow> {
        self.payments.iter().try_fold(Amount::ZERO, |sum, payment| sum.plus(payment.secured()?))
    }

    /// What may still be asked of the customer: what is due and neither secured nor on its way.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn open_due(&self) -> Result<Amount, Overflow> {
        let incoming = self.payments.iter().try_fold(Amount::ZERO, |sum, payment| sum.plus(payment.incoming()?))?;
        self.balances.due().minus(self.secured()?)?.minus(incoming)
    }

    /// The tender of this id.
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// The lines of which units have neither left nor been cancelled.
    pub fn cancellable_lines(&self) -> Vec<CancellableLine> {
        let here = |line: &super::line::Line| line.quantities.ordered - line.quantities.cancelled - line.quantities.shipped;
        let lines = self.lines.iter().map(|line| CancellableLine { id: line.id, quantity: here(line) });
        lines.filter(|line| line.quantity > 0).collect()
    }

    fn obstacles(&self, action: Action) -> Result<Vec<Obstacle>, Overflow> {
        let mut obstacles: Vec<Obstacle> = self.obstacle_of_status(action)?.into_iter().collect();
        let blocked = match action {
            Action::Cancel => Some(Blocked::Cancel),
            // An automatic tender takes money as soon as it is added.
            Action::AddPayment | Action::CapturePayment => Some(Blocked::Capture),
            Action::VoidPayment | Action::Refund => None,
        };
        if blocked.is_some_and(|blocked| hold::is_blocked(&self.holds, blocked)) {
            obstacles.push(Obstacle::OnHold);
        }
        if obstacles.is_empty() {
            obstacles.extend(self.obstacles_of_money(action)?);
        }
        Ok(obstacles)
    }

    fn obstacle_of_status(&self, action: Action) -> Result<Option<Obstacle>, Overflow> {
        let ended = match self.status {
            OrderStatus::Cancelling => Some(Obstacle::Cancelling),
            OrderStatus::Completed | OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Rejected => Some(Obstacle::OrderEnded),
            OrderStatus::Pending | OrderStatus::AwaitingPayment | OrderStatus::Confirmed | OrderStatus::Processing => None,
        };
        let unconfirmed = matches!(self.status, OrderStatus::Pending | OrderStatus::AwaitingPayment);
        Ok(match action {
            Action::Cancel => match transitions::find(self.status, Trigger::Cancel) {
                Some(row) if row.guard.holds(self)? => None,
                Some(_) => Some(Obstacle::Shipped),
                None => ended,
            },
            Action::AddPayment | Action::CapturePayment => ended,
            Action::VoidPayment => None,
            Action::Refund => unconfirmed.then_some(Obstacle::NotConfirmed),
        })
    }

    fn obstacles_of_money(&self, action: Action) -> Result<Vec<Obstacle>, Overflow> {
        match action {
            Action::Cancel => Ok(Vec::new()),
            Action::AddPayment => {
                let nothing_due = (!self.open_due()?.is_positive()).then_some(Obstacle::NothingDue);
                let too_many = (self.payments.len() >= PAYMENTS_MAX).then_some(Obstacle::TooManyPayments);
                Ok(nothing_due.into_iter().chain(too_many).collect())
            }
            Action::CapturePayment | Action::VoidPayment => self.obstacle_of_tenders(action),
            Action::Refund if self.balances.refundable()?.is_positive() => Ok(Vec::new()),
            Action::Refund => Ok(vec![Obstacle::NothingRefundable]),
        }
    }

    /// What stands in the way of every tender; nothing when one of them can do it.
    fn obstacle_of_tenders(&self, action: Action) -> Result<Vec<Obstacle>, Overflow> {
        let mut reason = Obstacle::NothingAuthorized;
        for payment in &self.payments {
            match self.obstacle_of_tender(action, payment)? {
                None => return Ok(Vec::new()),
                Some(Obstacle::NothingAuthorized) => {}
                Some(other) => reason = other,
            }
        }
        Ok(vec![reason])
    }

    /// What stands in the way of one tender, beyond what stands in the way of the order.
    fn obstacle_of_tender(&self, action: Action, payment: &Payment) -> Result<Option<Obstacle>, Overflow> {
        if action == Action::CapturePayment {
            return Ok((!payment.capturable()?.is_positive()).then_some(Obstacle::NothingAuthorized));
        }
        if payment.can_be_called_off() {
            return Ok(None);
        }
        let live = payment.authorized()?;
        if payment.has_open(OperationKind::Capture) || !payment.capturable()?.is_positive() {
            return Ok(Some(Obstacle::NothingAuthorized));
        }
        let goods_may_leave = matches!(self.status, OrderStatus::Confirmed | OrderStatus::Processing);
        let needed = goods_may_leave && self.secured()?.minus(live)? < self.balances.due();
        Ok(needed.then_some(Obstacle::SecuresOrder))
    }
}

impl Draft<'_> {
    /// Lets an action pass, or refuses it with everything that is allowed instead.
    pub(super) fn guard(&self, action: Action) -> Result<(), Refusal> {
        self.pass(action, self.order.obstacles(action)?)
    }

    /// The same for an action on one tender.
    pub(super) fn guard_tender(&self, action: Action, id: PaymentId) -> Result<(), Refusal> {
        self.guard(action)?;
        let payment = self.order.payment(id).ok_or(Refusal::NotYetKnown("payment"))?;
        self.pass(action, self.order.obstacle_of_tender(action, payment)?.into_iter().collect())
    }

    fn pass(&self, action: Action, obstacles: Vec<Obstacle>) -> Result<(), Refusal> {
        if obstacles.is_empty() {
            return Ok(());
        }
        let cancellable_lines = if obstacles.contains(&Obstacle::Shipped) { self.order.cancellable_lines() } else { Vec::new() };
        Err(Refusal::NotAllowed(Box::new(NotAllowed {
            action,
            on_hold: obstacles == [Obstacle::OnHold],
            reasons: obstacles,
            allowed_actions: self.order.allowed_actions()?,
            cancellable_lines,
        })))
    }
}

/// What a caller asked for and may not do now, with what could be done instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed {
    /// What was asked for.
    pub action: Action,
    /// A hold is the only obstacle.
    pub on_hold: bool,
    /// Why not.
    pub reasons: Vec<Obstacle>,
    /// What could be asked for instead.
    pub allowed_actions: Vec<AllowedAction>,
    /// Of a cancellation that comes too late: what could still be cancelled.
    pub cancellable_lines: Vec<CancellableLine>,
}
