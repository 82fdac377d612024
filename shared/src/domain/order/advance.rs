//! The rows of the transition table that an order takes by itself, as soon as its ledger and quantities allow. Always the state is
//! tested, never the event that led here.

use super::{
    draft::{Draft, Refusal},
    status::StockStatus,
    transitions::{self, Trigger},
};
use crate::domain::messages::{Content, Message};

impl Draft<'_> {
    /// Takes every row that is due; each is a version of its own.
    pub(super) fn advance(&mut self) -> Result<(), Refusal> {
        while let Some(row) = transitions::due(&self.order)? {
            match row.trigger {
                Trigger::PaymentSatisfied => self.confirm()?,
                Trigger::CancelSettled => self.come_to_rest(row.trigger, Content::OrderCancelled)?,
                trigger => self.come_to_rest(trigger, Content::OrderCompleted)?,
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
        self.publish(Content::OrderConfirmed)?;
        if self.order.stock.status == StockStatus::Reserved {
            self.commit_stock();
        }
        // The commands belong to the version that the confirmation made, and leave after its event.
        let order_version = self.order.version;
        self.changes.messages.extend(commands.into_iter().map(|command| Message { order_version, ..command }));
        Ok(())
    }

    /// The order has come to rest: nothing is asked of anybody.
    fn come_to_rest(&mut self, trigger: Trigger, event: Content) -> Result<(), Refusal> {
        self.take(trigger, None)?;
        Ok(self.publish(event)?)
    }
}
