//! Money that an order has no use for goes back: what was not sent yet is withdrawn, what is set aside is let go, what was taken is
//! refunded, and what fails is tried again before a person is called.

use super::{
    draft::{Draft, Refusal},
    payment::payment_news,
    reconcile::question,
    status::OrderStatus,
};
use crate::domain::{
    ids::{OperationId, PaymentId},
    messages::{Changed, Content},
    money::Amount,
    payments::{
        Operation, OperationKind, OperationState,
        ledger::Fact,
        operation::{Attention, Failure},
    },
};

/// How often one tender's money is asked to go back; after the last failure a person is called.
pub const REVERSAL_ATTEMPTS_MAX: usize = 3;
/// The pauses before the second and the third attempt, in seconds: a failure that is answered at once would only repeat itself.
const RETRY_AFTER_SECONDS: [i64; REVERSAL_ATTEMPTS_MAX - 1] = [10, 60];

impl Draft<'_> {
    /// All the order's money is to go back: it is dead, or cancelled and its goods have stopped.
    pub(super) fn is_unwinding(&self) -> bool {
        self.order.status.is_dead() || (self.order.status == OrderStatus::Cancelling && self.order.has_no_live_fulfillment())
    }

    /// The order has no more use for money: what is taken goes back, what is on its way goes back when it arrives.
    pub(super) fn reverse_payments(&mut self) -> Result<(), Refusal> {
        let payments: Vec<PaymentId> = self.order.payments.iter().map(|payment| payment.id).collect();
        payments.into_iter().try_for_each(|payment| self.reverse_payment(payment))
    }

    /// Brings one tender to nothing, as far as can be asked for now; the answers lead on.
    pub(super) fn reverse_payment(&mut self, id: PaymentId) -> Result<(), Refusal> {
        self.call_off(id)?;
        self.let_authorization_go(id)?;
        let payment = self.order.payment(id).ok_or(Refusal::NotYetKnown("payment"))?;
        let refundable = payment.refundable()?;
        if refundable.is_positive() && self.failed_reversals(id, OperationKind::Refund) < REVERSAL_ATTEMPTS_MAX {
            self.request_refund(id, refundable, Amount::ZERO)?;
        }
        Ok(())
    }

    /// Nothing more is to be taken of a tender: an operation that was never sent is withdrawn, one that was goes back when it succeeds.
    pub(super) fn call_off(&mut self, id: PaymentId) -> Result<(), Refusal> {
        let payment = self.order.payment(id).ok_or(Refusal::NotYetKnown("payment"))?;
        let takes = |operation: &&Operation| matches!(operation.kind, OperationKind::Authorize | OperationKind::Capture);
        let open = payment.operations.iter().filter(takes).filter(|operation| operation.state.is_open());
        let open: Vec<(OperationId, OperationState)> = open.map(|operation| (operation.id, operation.state)).collect();
        for (operation, state) in open {
            if state == OperationState::Requested {
                self.record_failure(operation, withdrawn())?;
            } else {
                self.change(operation, |operation| operation.reverse_on_success = true)?;
                self.changes.internal = true;
            }
        }
        Ok(())
    }

    /// Lets go what a tender has set aside, unless a capture of it is under way: its answer leads on.
    pub(super) fn let_authorization_go(&mut self, id: PaymentId) -> Result<(), Refusal> {
        let payment = self.order.payment(id).ok_or(Refusal::NotYetKnown("payment"))?;
        let live = payment.authorized()?;
        let under_way = payment.has_open(OperationKind::Capture) || payment.has_open(OperationKind::Void);
        if live.is_positive() && !under_way && self.failed_reversals(id, OperationKind::Void) < REVERSAL_ATTEMPTS_MAX {
            self.request_void(id, live)?;
        }
        Ok(())
    }

    /// A void of a tender: a version, an operation and its command.
    pub(super) fn request_void(&mut self, payment: PaymentId, amount: Amount) -> Result<(), Refusal> {
        self.request(payment, OperationKind::Void, amount, Amount::ZERO, |_| {})
    }

    /// A refund of a tender, `granted` of which was not owed before: a version, an operation and its command.
    pub(super) fn request_refund(&mut self, payment: PaymentId, amount: Amount, granted: Amount) -> Result<(), Refusal> {
        self.request(payment, OperationKind::Refund, amount, granted, |_| {})
    }

    /// A new operation on a tender that is there: a version, the operation and its command. A reversal that has failed before waits for
    /// its pause; then `reconcile-payments` finds that the payment service never saw it, and sends it.
    pub(super) fn request(
        &mut self,
        payment: PaymentId,
        kind: OperationKind,
        amount: Amount,
        granted: Amount,
        adjust: impl FnOnce(&mut Operation),
    ) -> Result<(), Refusal> {
        let failed = self.failed_reversals(payment, kind);
        let id = OperationId::new(self.next_uuid());
        let mut operation = Operation { granted, ..Operation::requested(id, payment, kind, amount, self.now) };
        adjust(&mut operation);
        if kind == OperationKind::Refund {
            self.post(Fact::RefundRequested, amount, Amount::ZERO, Some(id))?;
        }
        let tender = self.order.payments.iter_mut().find(|tender| tender.id == payment).ok_or(Refusal::NotYetKnown("payment"))?;
        tender.operations.push(operation.clone());
        self.changes.operations.insert(id);
        self.announce_request(&operation)?;
        match failed.checked_sub(1).and_then(|failed| RETRY_AFTER_SECONDS.get(failed)) {
            Some(pause) if granted < amount => {
                self.set_timer(question(id), self.now.plus_seconds(*pause), 0);
            }
            _ => self.request_operation(id),
        }
        Ok(())
    }

    fn announce_request(&mut self, operation: &Operation) -> Result<(), Refusal> {
        let action = match operation.kind {
            OperationKind::Authorize => "authorization_requested",
            OperationKind::Capture => "capture_requested",
            OperationKind::Void => "void_requested",
            OperationKind::Refund => "refund_requested",
        };
        self.record(action, None);
        if operation.kind == OperationKind::Refund {
            self.publish(Content::OrderRefundRequested(payment_news(operation)))?;
        } else {
            self.publish_updated(Changed::Payments, None)?;
        }
        Ok(())
    }

    /// A reversal failed: it is asked for again after a pause, or a person is called.
    pub(super) fn try_reversal_again(&mut self, failed: &Operation) -> Result<(), Refusal> {
        let payment = self.order.payment(failed.payment).ok_or(Refusal::NotYetKnown("payment"))?;
        let attention = match failed.kind {
            OperationKind::Refund => Attention::RefundFailed,
            OperationKind::Void => Attention::VoidFailed,
            OperationKind::Authorize | OperationKind::Capture => return Ok(()),
        };
        let wanted = match failed.kind {
            // Whoever asked for a grant is told and may ask again; what we owe is ours to bring back.
            OperationKind::Refund => {
                let granted = if self.is_unwinding() { Amount::ZERO } else { failed.granted };
                payment.refundable()?.min(self.order.balances.owed()).min(failed.amount.minus(granted)?)
            }
            _ if self.is_unwinding() || payment.has_final_capture() => payment.authorized()?,
            _ => Amount::ZERO,
        };
        if !wanted.is_positive() || payment.has_open(failed.kind) {
            return Ok(());
        }
        if self.failed_reversals(failed.payment, failed.kind) >= REVERSAL_ATTEMPTS_MAX {
            return self.call_a_person(failed.id, attention);
        }
        self.request(failed.payment, failed.kind, wanted, Amount::ZERO, |_| {})
    }

    /// How often money of a tender that had to go back has failed to.
    fn failed_reversals(&self, payment: PaymentId, kind: OperationKind) -> usize {
        let operations = self.order.payment(payment).into_iter().flat_map(|payment| &payment.operations);
        let failed = operations.filter(|operation| operation.kind == kind && operation.state == OperationState::Failed);
        match kind {
            OperationKind::Void | OperationKind::Refund => failed.filter(|operation| operation.granted < operation.amount).count(),
            OperationKind::Authorize | OperationKind::Capture => 0,
        }
    }

    /// Gives back what we owe beyond what is on its way, over the tenders, oldest first.
    pub(super) fn refund_owed(&mut self) -> Result<(), Refusal> {
        let owed = self.order.balances.owed().min(self.order.balances.refundable()?);
        for (payment, amount) in self.order.over_tenders(owed)? {
            self.request_refund(payment, amount, Amount::ZERO)?;
        }
        Ok(())
    }
}

impl super::Order {
    /// Spreads an amount over the tenders that can give it back, oldest first.
    ///
    /// # Errors
    /// [`Overflow`](crate::domain::money::Overflow); cannot happen for an order that was placed.
    pub(super) fn over_tenders(&self, amount: Amount) -> Result<Vec<(PaymentId, Amount)>, crate::domain::money::Overflow> {
        let (mut left, mut parts) = (amount, Vec::new());
        for payment in &self.payments {
            let part = payment.refundable()?.min(left);
            if part.is_positive() {
                parts.push((payment.id, part));
                left = left.minus(part)?;
            }
        }
        Ok(parts)
    }
}

fn withdrawn() -> Failure {
    Failure { code: "withdrawn".to_owned(), message: "called off before it was sent".to_owned() }
}
