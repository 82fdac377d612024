//! What the payment service answers, and what an order makes of it. Every road of the news ends in [`Draft::apply_outcome`].

use super::{
    draft::{Draft, Refusal, Timer, TimerKind},
    reconcile::question,
};
use crate::domain::{
    ids::{OperationId, PaymentId},
    messages::{AttentionReason, AttentionRequired, Content, OperationTold, PaymentNews},
    money::Amount,
    order::status::PaymentStatus,
    payments::{
        Operation, OperationKind, OperationState,
        ledger::Fact,
        operation::{Attention, Failure, NextAction, Outcome, Verdict},
        report::{News, OperationReport},
    },
};

impl Draft<'_> {
    /// Applies what the payment service tells of an operation.
    ///
    /// # Errors
    /// [`Refusal::Contradiction`] when the report fits neither itself nor the operation; else as [`Draft::apply_outcome`].
    pub fn apply_news(&mut self, news: &News) -> Result<(), Refusal> {
        match news {
            News::Outcome(report) => self.apply_report(report),
            News::AuthorizationExpired(report) => self.authorization_expired(report),
            News::RefundReversed(report) => self.refund_reversed(report),
        }
    }

    /// Applies the payment service's report of an operation.
    ///
    /// # Errors
    /// [`Refusal::Contradiction`] when the report fits neither itself nor the operation; else as [`Draft::apply_outcome`].
    pub fn apply_report(&mut self, report: &OperationReport) -> Result<(), Refusal> {
        self.reported(report)?;
        let outcome = report.outcome().map_err(|error| Refusal::Contradiction(error.to_string()))?;
        self.apply_outcome(report.id, outcome)
    }

    /// The operation that a report speaks of, if it is the one that it says it is.
    pub(super) fn reported(&self, report: &OperationReport) -> Result<&Operation, Refusal> {
        let operation = self.operation(report.id).ok_or(Refusal::NotYetKnown("operation"))?;
        if operation.kind != report.kind {
            return Err(Refusal::Contradiction(format!("the operation is a {}, the report speaks of a {}", operation.kind, report.kind)));
        }
        if report.currency != self.order.currency.code() {
            return Err(Refusal::Contradiction(format!("the order is in {}, the report in {}", self.order.currency, report.currency)));
        }
        report.check_texts().map_err(|error| Refusal::Contradiction(error.to_string()))?;
        Ok(operation)
    }

    /// Applies the outcome of an operation, once, whatever road it took and in whatever order.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`] when this order has no such operation; [`Refusal::Overflow`].
    pub fn apply_outcome(&mut self, id: OperationId, outcome: Outcome) -> Result<(), Refusal> {
        let operation = self.operation(id).ok_or(Refusal::NotYetKnown("operation"))?;
        match operation.judge(&outcome) {
            Verdict::Ignore => Ok(()),
            Verdict::Conflict => self.conflict(id, Attention::ConflictingOutcome),
            Verdict::Apply => match outcome {
                Outcome::Succeeded { amount, provider_reference } => self.succeed(id, amount, provider_reference),
                Outcome::Failed(failure) => self.fail_and_go_on(id, failure),
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
        let operation = self.operation(id).ok_or(Refusal::NotYetKnown("operation"))?;
        if operation.state == OperationState::Requested {
            self.change(id, |operation| {
                operation.state = OperationState::Sent;
                operation.sent_at = Some(now);
            })?;
            self.changes.internal = true;
        }
        Ok(())
    }

    /// The operation of this id, if the order has it.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.order.payments.iter().find_map(|payment| payment.operation(id))
    }

    /// Changes an operation and notes that it must be written.
    pub(super) fn change(&mut self, id: OperationId, change: impl FnOnce(&mut Operation)) -> Result<Operation, Refusal> {
        let mut operations = self.order.payments.iter_mut().flat_map(|payment| &mut payment.operations);
        let operation = operations.find(|operation| operation.id == id).ok_or(Refusal::NotYetKnown("operation"))?;
        change(operation);
        let changed = operation.clone();
        self.changes.operations.insert(id);
        Ok(changed)
    }

    /// A definitive answer: the deadline to ask and the token have no more use.
    fn settle(&mut self, id: OperationId, payment: PaymentId) {
        self.clear_timer(question(id));
        self.changes.spent_tokens.insert(payment);
    }

    fn succeed(&mut self, id: OperationId, amount: Amount, provider_reference: Option<String>) -> Result<(), Refusal> {
        let Some(operation) = self.record_success(id, amount, provider_reference)? else { return Ok(()) };
        self.follow_success(&operation)?;
        self.advance()
    }

    /// Writes a success into the books, as a version; nothing of what it means for the order's way. `None` when it is no success of its
    /// own: the payment service gave it the reference of another.
    pub(super) fn record_success(
        &mut self,
        id: OperationId,
        amount: Amount,
        provider_reference: Option<String>,
    ) -> Result<Option<Operation>, Refusal> {
        let before = self.operation(id).ok_or(Refusal::NotYetKnown("operation"))?.clone();
        if self.reference_is_shared(&before, provider_reference.as_deref()) {
            if !before.conflicted {
                self.conflict(id, Attention::SharedReference)?;
            }
            return Ok(None);
        }
        let (now, was_paid) = (self.now, self.order.payment_status == PaymentStatus::Paid);
        let aside = self.order.payment(before.payment).ok_or(Refusal::NotYetKnown("payment"))?.authorized()?;
        // A void lets go whatever is left. Otherwise less than was asked for is a partial approval, but not of a refund; more is a
        // fact of the books and a matter for a person.
        let moved = if before.kind == OperationKind::Void { aside } else { amount };
        let differs = if before.kind == OperationKind::Refund { moved != before.amount } else { moved > before.amount };
        let differs = differs && before.kind != OperationKind::Void;
        let operation = self.change(id, |operation| {
            operation.state = OperationState::Succeeded;
            operation.settled_amount = Some(moved);
            operation.provider_reference = provider_reference;
            operation.failure = None;
            operation.next_action = None;
            operation.attention = None;
            operation.settled_at = Some(now);
            operation.conflicted |= differs;
        })?;
        self.settle(id, operation.payment);
        self.post_success(&before, &operation, aside)?;
        let (action, event): (_, fn(PaymentNews) -> Content) = match operation.kind {
            OperationKind::Authorize => ("payment_authorized", Content::OrderPaymentAuthorized),
            OperationKind::Capture => ("payment_captured", Content::OrderPaymentCaptured),
            OperationKind::Void => ("payment_voided", Content::OrderPaymentVoided),
            OperationKind::Refund => ("refund_succeeded", Content::OrderRefundSucceeded),
        };
        self.record(action, None);
        self.publish(event(payment_news(&operation)))?;
        if !was_paid && self.order.payment_status == PaymentStatus::Paid {
            self.publish(Content::OrderPaid)?;
        }
        if differs {
            self.call_a_person(id, Attention::AmountDiffers)?;
        }
        Ok(Some(operation))
    }

    /// The postings of a success. `aside` is what its tender had set aside before.
    fn post_success(&mut self, before: &Operation, operation: &Operation, aside: Amount) -> Result<(), Refusal> {
        let moved = operation.settled_amount.unwrap_or(operation.amount);
        let left = self.order.payment(operation.payment).ok_or(Refusal::NotYetKnown("payment"))?.authorized()?;
        let id = Some(operation.id);
        match operation.kind {
            OperationKind::Authorize => self.post(Fact::Authorized, left.minus(aside)?, Amount::ZERO, id)?,
            OperationKind::Capture => self.post(Fact::Captured, moved, aside.minus(left)?, id)?,
            OperationKind::Void => self.post(Fact::Voided, aside.minus(left)?, Amount::ZERO, id)?,
            OperationKind::Refund => {
                if before.state == OperationState::Failed {
                    // Its failure was posted; money is a fact, so what was asked for counts again, within what is still due.
                    self.post(Fact::Granted, operation.granted.min(self.order.balances.due()), Amount::ZERO, id)?;
                    self.post(Fact::RefundRequested, operation.amount, Amount::ZERO, id)?;
                }
                let (less, more) = (operation.amount.minus(moved)?, moved.minus(operation.amount)?);
                self.post(Fact::RefundRequested, more.max(Amount::ZERO), Amount::ZERO, id)?;
                self.post(Fact::RefundFailed, less.max(Amount::ZERO), Amount::ZERO, id)?;
                self.post(Fact::RefundSucceeded, moved, Amount::ZERO, id)?;
            }
        }
        Ok(())
    }

    /// What a success asks for next: money that nobody wants goes back, and what is left after a last capture is let go.
    fn follow_success(&mut self, operation: &Operation) -> Result<(), Refusal> {
        let brings = matches!(operation.kind, OperationKind::Authorize | OperationKind::Capture);
        let unwanted = operation.reverse_on_success || self.is_unwinding();
        self.withdraw_excess(operation)?;
        self.notice_excess(operation)?;
        if brings && unwanted {
            self.publish(Content::OrderLatePaymentReceived(payment_news(operation)))?;
        }
        if unwanted {
            self.reverse_payment(operation.payment)?;
        } else if operation.kind == OperationKind::Capture && operation.is_final {
            self.let_authorization_go(operation.payment)?;
        }
        Ok(())
    }

    /// Operations that were given up and went through after all can move more than their tender gives: a matter for a person.
    fn notice_excess(&mut self, operation: &Operation) -> Result<(), Refusal> {
        let tender = self.order.payment(operation.payment).ok_or(Refusal::NotYetKnown("payment"))?;
        let too_much = match operation.kind {
            OperationKind::Capture => tender.captured()? > tender.amount,
            OperationKind::Refund => tender.refundable()?.is_negative(),
            OperationKind::Authorize | OperationKind::Void => false,
        };
        if too_much && !operation.conflicted {
            self.conflict(operation.id, Attention::AmountDiffers)?;
        }
        Ok(())
    }

    /// An operation that was given up went through after all: those of its kind that were asked for in its place and have not left are
    /// withdrawn.
    fn withdraw_excess(&mut self, operation: &Operation) -> Result<(), Refusal> {
        while let Some(tender) = self.order.payment(operation.payment)
            && tender.exceeds(operation.kind)?
            && let Some(id) = tender.unsent(operation.kind)
        {
            let message = format!("an earlier {} went through", operation.kind);
            self.record_failure(id, Failure { code: "withdrawn".to_owned(), message })?;
        }
        Ok(())
    }

    /// Whether another operation of its kind on its tender bears this reference: then it is the same movement, told twice.
    fn reference_is_shared(&self, operation: &Operation, reference: Option<&str>) -> bool {
        let siblings = self.order.payment(operation.payment).into_iter().flat_map(|payment| &payment.operations);
        let mut others = siblings.filter(|other| other.id != operation.id && other.kind == operation.kind);
        reference.is_some() && others.any(|other| other.provider_reference.as_deref() == reference)
    }

    fn fail_and_go_on(&mut self, id: OperationId, failure: Failure) -> Result<(), Refusal> {
        let operation = self.record_failure(id, failure)?;
        match operation.kind {
            OperationKind::Refund | OperationKind::Void => self.try_reversal_again(&operation)?,
            OperationKind::Authorize | OperationKind::Capture if operation.reverse_on_success || self.is_unwinding() => {
                self.reverse_payment(operation.payment)?;
            }
            OperationKind::Authorize | OperationKind::Capture => {}
        }
        self.advance()
    }

    /// Writes a failure into the books, as a version; nothing of what it means for the order's way.
    pub(super) fn record_failure(&mut self, id: OperationId, failure: Failure) -> Result<Operation, Refusal> {
        let (now, failure) = (self.now, failure.clipped());
        let reason = Some(failure.code.clone());
        let operation = self.change(id, |operation| {
            operation.state = OperationState::Failed;
            operation.failure = Some(failure);
            operation.next_action = None;
            operation.attention = None;
            operation.settled_at = Some(now);
        })?;
        self.settle(id, operation.payment);
        let (action, event): (_, fn(PaymentNews) -> Content) = match operation.kind {
            OperationKind::Refund => {
                self.post(Fact::RefundFailed, operation.amount, Amount::ZERO, Some(id))?;
                // Of an order that is taken back whole nothing becomes due again.
                let revoked = if self.is_unwinding() { Amount::ZERO } else { operation.granted };
                self.post(Fact::GrantRevoked, revoked, Amount::ZERO, Some(id))?;
                ("refund_failed", Content::OrderRefundFailed)
            }
            OperationKind::Void => ("void_failed", Content::OrderPaymentFailed),
            OperationKind::Authorize | OperationKind::Capture => ("payment_failed", Content::OrderPaymentFailed),
        };
        self.record(action, reason);
        self.publish(event(payment_news(&operation)))?;
        Ok(operation)
    }

    fn require_action(&mut self, id: OperationId, action: NextAction) -> Result<(), Refusal> {
        let operation = self.change(id, |operation| operation.next_action = Some(action))?;
        self.record("payment_requires_action", None);
        self.publish(Content::OrderPaymentRequiresAction(payment_news(&operation)))?;
        Ok(())
    }

    fn lose_track(&mut self, id: OperationId) -> Result<(), Refusal> {
        let operation = self.change(id, |operation| operation.state = OperationState::Unknown)?;
        self.record("payment_unknown", None);
        self.publish(Content::OrderPaymentUnknown(payment_news(&operation)))?;
        self.ask_again(id, 0)
    }

    /// Two answers that cannot both be true: what is in the books stays, and a person must look.
    fn conflict(&mut self, id: OperationId, attention: Attention) -> Result<(), Refusal> {
        self.change(id, |operation| operation.conflicted = true)?;
        self.record("payment_conflicted", None);
        self.call_a_person(id, attention)
    }

    /// Marks an operation for a person. A version must have been made in this change.
    pub(super) fn call_a_person(&mut self, id: OperationId, attention: Attention) -> Result<(), Refusal> {
        let operation = self.change(id, |operation| operation.attention = Some(attention))?;
        let (payment_id, operation_id) = (Some(operation.payment), Some(operation.id));
        let reason = AttentionReason::Money(attention);
        let attention = AttentionRequired { reason, payment_id, operation_id, fulfillment_id: None };
        Ok(self.publish(Content::OrderAttentionRequired(attention))?)
    }

    /// The order is paid or dead: it can no longer expire.
    pub(super) fn clear_payment_deadline(&mut self) {
        self.clear_timer(Timer { kind: TimerKind::PaymentDeadline, subject: self.order.id.uuid() });
    }
}

/// What an event about a payment says beside the order.
pub(super) fn payment_news(operation: &Operation) -> PaymentNews {
    PaymentNews {
        payment_id: operation.payment,
        operation: OperationTold {
            id: operation.id,
            kind: operation.kind,
            amount: operation.settled_amount.unwrap_or(operation.amount),
            provider_reference: operation.provider_reference.clone(),
            failure: operation.failure.clone(),
            next_action: operation.next_action.clone(),
        },
        reason: None,
    }
}
