//! The payment deadline of an order: it expires if nothing was paid and nothing is on its way, and only after the payment service was
//! asked.

use super::{
    Order,
    draft::{Draft, Refusal, Timer, TimerKind},
    transitions::{self, Trigger},
};
use crate::domain::{
    ids::OperationId,
    messages::Content,
    payments::{OperationKind, OperationState, report::OperationReport},
};

/// An order whose money may still be on its way is looked at again after this time.
const LOOK_AGAIN_SECONDS: i64 = 60;

impl Order {
    /// The operations to ask about before it expires: everything that should have brought money and has not. None of an order that can no
    /// longer expire.
    pub fn questions_before_expiry(&self) -> Vec<OperationId> {
        if transitions::find(self.status, Trigger::PaymentDeadline).is_none() {
            return Vec::new();
        }
        let operations = self.payments.iter().flat_map(|payment| &payment.operations);
        let brings = |kind| matches!(kind, OperationKind::Authorize | OperationKind::Capture);
        let unpaid = operations.filter(|operation| brings(operation.kind) && operation.state != OperationState::Succeeded);
        unpaid.map(|operation| operation.id).collect()
    }
}

impl Draft<'_> {
    /// Lets the payment deadline pass: what the payment service said is applied first, then the order expires, if it is still waiting for
    /// money, every question was answered and nothing is on its way. Otherwise it is looked at again.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`] when a report speaks of another order's operation; [`Refusal::Overflow`].
    pub fn payment_deadline_passed(&mut self, reports: &[OperationReport], all_answered: bool) -> Result<(), Refusal> {
        let mut is_certain = all_answered;
        for report in reports {
            match self.apply_report(report) {
                // A report that contradicts itself says nothing.
                Err(Refusal::Contradiction(_)) => is_certain = false,
                applied => applied?,
            }
        }
        let Some(expiry) = transitions::find(self.order.status, Trigger::PaymentDeadline) else {
            self.clear_payment_deadline();
            self.changes.internal = true;
            return Ok(());
        };
        if is_certain && expiry.guard.holds(&self.order)? {
            self.expire()
        } else {
            self.look_again();
            Ok(())
        }
    }

    /// Nothing of it is due any more; what was paid in part goes back, and so does what arrives from now on.
    fn expire(&mut self) -> Result<(), Refusal> {
        self.take_back_sale()?;
        self.take(Trigger::PaymentDeadline, None)?;
        self.clear_payment_deadline();
        self.publish(Content::OrderExpired)?;
        self.let_go()
    }

    fn look_again(&mut self) {
        let deadline = Timer { kind: TimerKind::PaymentDeadline, subject: self.order.id.uuid() };
        self.changes.internal = true;
        self.set_timer(deadline, self.now.plus_seconds(LOOK_AGAIN_SECONDS), 0);
    }
}
