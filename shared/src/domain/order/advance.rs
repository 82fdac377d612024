//! The rows of the transition table that an order takes by itself, as soon as its ledger and quantities allow. Always the state is
//! tested, never the event that led here.

use serde_json::Value;

use super::{
    draft::{Draft, Refusal},
    line::Line,
    status::{OrderStatus, StockStatus},
    transitions::Trigger,
};
use crate::domain::messages::MessageType;

impl Draft<'_> {
    /// Takes every row that can be taken; each is a version of its own.
    pub(super) fn advance(&mut self) -> Result<(), Refusal> {
        loop {
            match self.order.status {
                OrderStatus::AwaitingPayment if self.is_paid()? => self.confirm()?,
                OrderStatus::Confirmed | OrderStatus::Processing if self.is_settled() => self.complete()?,
                OrderStatus::Cancelling if self.is_undone()? => self.settle_cancellation()?,
                _ => return Ok(()),
            }
        }
    }

    /// Σ tenders (automatic: captured; manual: captured + authorized) ≥ due, with the stock held or without a stock policy.
    fn is_paid(&self) -> Result<bool, Refusal> {
        let stocked = matches!(self.order.stock.status, StockStatus::Off | StockStatus::Reserved);
        let secured = self.order.balances.captured().plus(self.order.balances.authorized())?;
        Ok(stocked && secured >= self.order.balances.due())
    }

    /// Nothing is left to deliver, to pay, to let go or to wait for.
    fn is_settled(&self) -> bool {
        let mut operations = self.order.payments.iter().flat_map(|payment| &payment.operations);
        self.order.lines.iter().all(Line::is_done)
            && self.order.balances.balance_due().is_zero()
            && self.order.balances.authorized().is_zero()
            && !operations.any(|operation| operation.state.is_open())
    }

    fn confirm(&mut self) -> Result<(), Refusal> {
        self.clear_payment_deadline();
        let first = self.changes.messages.len();
        if self.order.stock.status == StockStatus::Reserved {
            self.commit_stock();
        }
        self.request_fulfillment();
        let commands = self.changes.messages.split_off(first);
        self.take(Trigger::PaymentSatisfied, None)?;
        self.publish(MessageType::OrderConfirmed, Value::Null)?;
        // The commands belong to the version that the confirmation made, and leave after its event.
        let order_version = self.order.version;
        self.changes.messages.extend(commands.into_iter().map(|command| crate::domain::messages::Message { order_version, ..command }));
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Refusal> {
        self.take(Trigger::AllSettled, None)?;
        self.publish(MessageType::OrderCompleted, Value::Null)?;
        Ok(())
    }
}
