//! Letting a tender go before its money is taken: what is set aside is voided, what was never sent is withdrawn, and what is on its way
//! goes back when it arrives.

use super::{
    actions::Action,
    draft::{Draft, Refusal},
};
use crate::domain::{
    ids::PaymentId,
    messages::Changed,
    payments::{OperationKind, OperationState},
};

impl Draft<'_> {
    /// Lets a tender go. One that has been let go, or is being let go, stays as it is.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Overflow`].
    pub fn void(&mut self, payment: PaymentId) -> Result<(), Refusal> {
        let tender = self.order.payment(payment).ok_or(Refusal::NotYetKnown("payment"))?;
        if tender.is_let_go()? {
            return Ok(());
        }
        self.guard_tender(Action::VoidPayment, payment)?;
        let tender = self.order.payment(payment).ok_or(Refusal::NotYetKnown("payment"))?;
        if !tender.can_be_called_off() {
            let live = tender.authorized()?;
            return self.request_void(payment, live);
        }
        let versions = self.changes.history.len();
        self.call_off(payment)?;
        if self.changes.history.len() == versions {
            self.record("payment_called_off", None);
            self.publish_updated(Changed::Payments, None)?;
        }
        self.advance()
    }
}

impl crate::domain::payments::Payment {
    /// Its first operation is under way and its money is still wanted.
    pub(super) fn can_be_called_off(&self) -> bool {
        let mut first = self.operations.iter().filter(|operation| operation.brings_money(self.capture));
        first.any(|operation| operation.state.is_open() && !operation.reverse_on_success)
    }

    /// Nothing of it is left to let go, because it was or is being let go.
    fn is_let_go(&self) -> Result<bool, crate::domain::money::Overflow> {
        let is_voided = |operation: &crate::domain::payments::Operation| {
            operation.kind == OperationKind::Void && operation.state != OperationState::Failed
        };
        let called_off = self.operations.iter().any(|operation| operation.reverse_on_success || is_voided(operation));
        Ok(called_off && !self.can_be_called_off() && !self.capturable()?.is_positive())
    }

    /// A capture said that it was the last.
    pub(super) fn has_final_capture(&self) -> bool {
        self.operations.iter().any(|operation| operation.is_final && operation.state == OperationState::Succeeded)
    }
}
