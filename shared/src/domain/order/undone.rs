//! Successes that come undone at the provider: an authorization that expires, a refund that is brought back.

use super::{
    draft::{Draft, Refusal},
    payment::payment_news,
    status::OrderStatus,
};
use crate::domain::{
    messages::{Content, PaymentNews, Undone},
    money::Amount,
    payments::{Operation, OperationKind, OperationState, ledger::Fact, operation::Attention, report::OperationReport},
};

impl Draft<'_> {
    /// What a tender had set aside is gone; once, however often it is told and even if its success was never heard of.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`]; [`Refusal::Contradiction`] when the report fits neither itself nor the operation; [`Refusal::Overflow`].
    pub fn authorization_expired(&mut self, report: &OperationReport) -> Result<(), Refusal> {
        let Some(operation) = self.undo(OperationKind::Authorize, report)? else { return Ok(()) };
        let before = self.order.payment(operation.payment).ok_or(Refusal::NotYetKnown("payment"))?.authorized()?;
        let operation = self.mark_undone(&operation)?;
        self.post(Fact::AuthorizationExpired, before, Amount::ZERO, Some(operation.id))?;
        self.record("authorization_expired", None);
        self.publish(Content::OrderPaymentVoided(because(Undone::AuthorizationExpired, &operation)))?;
        if matches!(self.order.status, OrderStatus::Confirmed | OrderStatus::Processing) {
            self.call_a_person(operation.id, Attention::AuthorizationExpired)?;
        }
        self.advance()
    }

    /// A refund did not stay with the customer: we owe it again, and a person finds out why.
    ///
    /// # Errors
    /// As [`Draft::authorization_expired`].
    pub fn refund_reversed(&mut self, report: &OperationReport) -> Result<(), Refusal> {
        let Some(operation) = self.undo(OperationKind::Refund, report)? else { return Ok(()) };
        let operation = self.mark_undone(&operation)?;
        self.post(Fact::RefundReversed, operation.settled_amount.unwrap_or(operation.amount), Amount::ZERO, Some(operation.id))?;
        self.record("refund_reversed", None);
        self.publish(Content::OrderRefundFailed(because(Undone::RefundReversed, &operation)))?;
        self.call_a_person(operation.id, Attention::RefundReversed)?;
        self.advance()
    }

    /// The operation that comes undone, its success applied; nothing when it has come undone before.
    fn undo(&mut self, kind: OperationKind, report: &OperationReport) -> Result<Option<Operation>, Refusal> {
        let operation = self.reported(report)?;
        if operation.kind != kind {
            return Err(Refusal::Contradiction(format!("a {} cannot come undone like a {kind}", operation.kind)));
        }
        if operation.undone_at.is_some() {
            return Ok(None);
        }
        if operation.state == OperationState::Succeeded {
            return Ok(Some(operation.clone()));
        }
        let id = operation.id;
        let amount = Amount::new(report.amount).ok().filter(|amount| amount.is_positive());
        let amount = amount.ok_or_else(|| Refusal::Contradiction(format!("the amount {} is out of range", report.amount)))?;
        // What ended has begun: its own news is late or lost.
        self.record_success(id, amount, report.provider_reference.clone())?;
        Ok(self.operation(id).filter(|operation| operation.state == OperationState::Succeeded).cloned())
    }

    fn mark_undone(&mut self, operation: &Operation) -> Result<Operation, Refusal> {
        let now = self.now;
        self.change(operation.id, |operation| operation.undone_at = Some(now))
    }
}

fn because(reason: Undone, operation: &Operation) -> PaymentNews {
    PaymentNews { reason: Some(reason), ..payment_news(operation) }
}
