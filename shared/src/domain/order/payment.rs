//! What the payment service answers, and what an order makes of it. Every road of the news ends in [`Draft::apply_outcome`].

use serde_json::{Value, json};

use super::draft::{Draft, Refusal, Timer, TimerKind};
use crate::domain::{
    ids::{OperationId, PaymentId},
    messages::MessageType,
    money::Amount,
    order::status::{OrderStatus, PaymentStatus},
    payments::{
        Operation, OperationKind, OperationState,
        ledger::Fact,
        operation::{Failure, NextAction, Outcome, Verdict},
        report::OperationReport,
    },
};

impl Draft<'_> {
    /// Applies the payment service's report of an operation.
    ///
    /// # Errors
    /// [`Refusal::Contradiction`] when the report fits neither itself nor the operation; else as [`Draft::apply_outcome`].
    pub fn apply_report(&mut self, report: &OperationReport) -> Result<(), Refusal> {
        let operation = self.operation(report.id).ok_or(Refusal::NotYetKnown("operation"))?;
        if operation.kind != report.kind {
            return Err(Refusal::Contradiction(format!("the operation is a {}, the report speaks of a {}", operation.kind, report.kind)));
        }
        if report.currency != self.order.currency.code() {
            return Err(Refusal::Contradiction(format!("the order is in {}, the report in {}", self.order.currency, report.currency)));
        }
        let outcome = report.outcome().map_err(|error| Refusal::Contradiction(error.to_string()))?;
        self.apply_outcome(report.id, outcome)
    }

    /// Applies the outcome of an operation, once, whatever road it took and in whatever order.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`] when this order has no such operation; [`Refusal::Overflow`].
    pub fn apply_outcome(&mut self, id: OperationId, outcome: Outcome) -> Result<(), Refusal> {
        let operation = self.operation(id).ok_or(Refusal::NotYetKnown("operation"))?;
        match operation.judge(&outcome) {
            Verdict::Ignore => Ok(()),
            Verdict::Conflict => self.conflict(id),
            Verdict::Apply => match outcome {
                Outcome::Succeeded { amount, provider_reference } => self.succeed(id, amount, provider_reference),
                Outcome::Failed(failure) => self.fail(id, failure),
                Outcome::RequiresAction(action) => self.require_action(id, action),
                Outcome::Unknown => self.lose_track(id),
                Outcome::Pending => Ok(()),
            },
        }
    }

    /// Puts an operation on its way. Internal: callers go on seeing `requested`.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`] when this order has no such operation.
    pub fn mark_sent(&mut self, id: OperationId) -> Result<(), Refusal> {
        let now = self.now;
        let operation = self.operation_mut(id).ok_or(Refusal::NotYetKnown("operation"))?;
        if operation.state == OperationState::Requested {
            operation.state = OperationState::Sent;
            operation.sent_at = Some(now);
            self.changes.operations.insert(id);
            self.changes.internal = true;
        }
        Ok(())
    }

    /// The operation of this id, if the order has it.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.order.payments.iter().find_map(|payment| payment.operation(id))
    }

    fn operation_mut(&mut self, id: OperationId) -> Option<&mut Operation> {
        self.order.payments.iter_mut().flat_map(|payment| &mut payment.operations).find(|operation| operation.id == id)
    }

    /// Changes an operation and notes that it must be written.
    fn change(&mut self, id: OperationId, change: impl FnOnce(&mut Operation)) -> Result<Operation, Refusal> {
        let operation = self.operation_mut(id).ok_or(Refusal::NotYetKnown("operation"))?;
        change(operation);
        let changed = operation.clone();
        self.changes.operations.insert(id);
        Ok(changed)
    }

    /// A definitive answer: the deadline to ask and the token have no more use.
    fn settle(&mut self, id: OperationId, payment: PaymentId) {
        self.clear_timer(Timer { kind: TimerKind::PaymentReconcile, subject: id.uuid() });
        self.changes.spent_tokens.insert(payment);
    }

    fn succeed(&mut self, id: OperationId, amount: Amount, provider_reference: Option<String>) -> Result<(), Refusal> {
        let (now, was_paid) = (self.now, self.order.payment_status == PaymentStatus::Paid);
        let operation = self.change(id, |operation| {
            operation.state = OperationState::Succeeded;
            operation.settled_amount = Some(amount);
            operation.provider_reference = provider_reference;
            operation.failure = None;
            operation.next_action = None;
            operation.settled_at = Some(now);
            // More than was asked for is a fact of the books and a matter for a person.
            operation.conflicted = amount > operation.amount;
        })?;
        self.settle(id, operation.payment);
        let (fact, action, event) = match operation.kind {
            OperationKind::Authorize => (Fact::Authorized, "payment_authorized", MessageType::OrderPaymentAuthorized),
            OperationKind::Capture => (Fact::Captured, "payment_captured", MessageType::OrderPaymentCaptured),
            OperationKind::Void => (Fact::Voided, "payment_voided", MessageType::OrderPaymentVoided),
            OperationKind::Refund => (Fact::RefundSucceeded, "refund_succeeded", MessageType::OrderRefundSucceeded),
        };
        self.post(fact, amount, self.released_by(&operation, amount), Some(id))?;
        self.record(action, None);
        self.publish(event, payment_data(&operation))?;
        if !was_paid && self.order.payment_status == PaymentStatus::Paid {
            self.publish(MessageType::OrderPaid, Value::Null)?;
        }
        if operation.conflicted {
            self.publish(MessageType::OrderAttentionRequired, attention("amount_exceeds_request", &operation))?;
        }
        let unwanted = operation.reverse_on_success || self.order.status == OrderStatus::Cancelling || self.order.status.is_dead();
        if operation.kind == OperationKind::Capture && unwanted {
            self.publish(MessageType::OrderLatePaymentReceived, payment_data(&operation))?;
            self.refund(operation.payment, amount)?;
        }
        self.advance()
    }

    /// What a capture takes from the live authorization of its own tender.
    fn released_by(&self, operation: &Operation, amount: Amount) -> Amount {
        match operation.kind {
            OperationKind::Capture => amount.min(self.order.balances.authorized()),
            _ => Amount::ZERO,
        }
    }

    fn fail(&mut self, id: OperationId, failure: Failure) -> Result<(), Refusal> {
        let now = self.now;
        let reason = Some(failure.code.clone());
        let operation = self.change(id, |operation| {
            operation.state = OperationState::Failed;
            operation.failure = Some(failure);
            operation.next_action = None;
            operation.settled_at = Some(now);
        })?;
        self.settle(id, operation.payment);
        if operation.kind == OperationKind::Refund {
            self.post(Fact::RefundFailed, operation.amount, Amount::ZERO, Some(id))?;
            self.record("refund_failed", reason);
            self.publish(MessageType::OrderRefundFailed, payment_data(&operation))?;
            self.publish(MessageType::OrderAttentionRequired, attention("refund_failed", &operation))?;
        } else {
            self.record("payment_failed", reason);
            self.publish(MessageType::OrderPaymentFailed, payment_data(&operation))?;
        }
        self.advance()
    }

    fn require_action(&mut self, id: OperationId, action: NextAction) -> Result<(), Refusal> {
        let operation = self.change(id, |operation| operation.next_action = Some(action))?;
        self.record("payment_requires_action", None);
        self.publish(MessageType::OrderPaymentRequiresAction, payment_data(&operation))?;
        Ok(())
    }

    fn lose_track(&mut self, id: OperationId) -> Result<(), Refusal> {
        let operation = self.change(id, |operation| operation.state = OperationState::Unknown)?;
        self.record("payment_unknown", None);
        self.publish(MessageType::OrderPaymentUnknown, payment_data(&operation))?;
        Ok(())
    }

    fn conflict(&mut self, id: OperationId) -> Result<(), Refusal> {
        let operation = self.change(id, |operation| operation.conflicted = true)?;
        self.record("payment_conflicted", None);
        self.publish(MessageType::OrderAttentionRequired, attention("conflicting_outcome", &operation))?;
        Ok(())
    }

    /// The order has no more use for money: what is taken goes back, what is on its way goes back when it arrives.
    pub(super) fn reverse_payments(&mut self) -> Result<(), Refusal> {
        let mut taken = Vec::new();
        for payment in &mut self.order.payments {
            for operation in payment.operations.iter_mut().filter(|operation| operation.state.is_open()) {
                operation.reverse_on_success = true;
                self.changes.operations.insert(operation.id);
            }
            let refundable = payment.refundable()?;
            if refundable.is_positive() {
                taken.push((payment.id, refundable));
            }
        }
        taken.into_iter().try_for_each(|(payment, amount)| self.refund(payment, amount))
    }

    /// Gives money of one tender back: a version, an operation and its command.
    fn refund(&mut self, payment: PaymentId, amount: Amount) -> Result<(), Refusal> {
        let id = OperationId::new(self.next_uuid());
        let operation = Operation::requested(id, payment, OperationKind::Refund, amount, self.now);
        self.post(Fact::RefundRequested, amount, Amount::ZERO, Some(id))?;
        let tender = self.order.payments.iter_mut().find(|tender| tender.id == payment).ok_or(Refusal::NotYetKnown("payment"))?;
        tender.operations.push(operation.clone());
        self.record("refund_requested", None);
        self.publish(MessageType::OrderRefundRequested, payment_data(&operation))?;
        self.request_operation(id);
        Ok(())
    }

    /// The order is paid or dead: it can no longer expire.
    pub(super) fn clear_payment_deadline(&mut self) {
        self.clear_timer(Timer { kind: TimerKind::PaymentDeadline, subject: self.order.id.uuid() });
    }
}

/// What an event about a payment says beside the order.
fn payment_data(operation: &Operation) -> Value {
    json!({
        "payment_id": operation.payment,
        "operation": {
            "id": operation.id,
            "kind": operation.kind,
            "amount": operation.settled_amount.unwrap_or(operation.amount),
            "provider_reference": operation.provider_reference,
            "failure": operation.failure,
            "next_action": operation.next_action,
        },
    })
}

fn attention(reason: &str, operation: &Operation) -> Value {
    json!({ "reason": reason, "payment_id": operation.payment, "operation_id": operation.id })
}
