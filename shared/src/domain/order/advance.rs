//! The rows of the transition table that an order takes by itself, as soon as its ledger and quantities allow. Always the state is
//! tested, never the event that led here.

use serde_json::Value;

use super::{
    draft::{Draft, Refusal},
    status::StockStatus,
    transitions::{self, Trigger},
};
use crate::domain::messages::{Message, MessageType};

impl Draft<'_> {
    /// Takes every row that is due; each is a version of its own.
    pub(super) fn advance(&mut self) -> Result<(), Refusal> {
        while let Some(row) = transitions::due(&self.order)? {
            match row.trigger {
                Trigger::PaymentSatisfied => self.confirm()?,
                trigger => self.settle_status(trigger, row.event)?,
            }
        }
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Refusal> {
        self.clear_payment_deadline();
        let first = self.changes.messages.len();
        self.request_fulfillment();
        let commands = self.changes.messages.split_off(first);
        self.take(Trigger::PaymentSatisfied, None)?;
        self.publish(MessageType::OrderConfirmed, Value::Null)?;
        if self.order.stock.status == StockStatus::Reserved {
            self.commit_stock();
        }
        // The commands belong to the version that the confirmation made, and leave after its event.
        let order_version = self.order.version;
        self.changes.messages.extend(commands.into_iter().map(|command| Message { order_version, ..command }));
        Ok(())
    }

    /// The order has come to rest: nothing is asked of anybody.
    fn settle_status(&mut self, trigger: Trigger, event: Option<MessageType>) -> Result<(), Refusal> {
        self.take(trigger, None)?;
        event.map_or(Ok(()), |event| Ok(self.publish(event, Value::Null)?))
    }
}
