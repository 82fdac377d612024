//! What the inventory service answers, and what an order makes of it.

use std::collections::BTreeSet;

use super::{
    draft::{Draft, Refusal},
    line::Line,
    status::{OrderStatus, StockStatus},
    transitions::Trigger,
};
use crate::domain::{
    fulfilment::FulfillmentLine,
    messages::{Content, Shortage, Shortages, StockCommand, Units},
    text_enum::text_enum,
};

/// How often an order asks for its stock before it gives up.
pub const STOCK_ATTEMPTS_MAX: u32 = 3;

text_enum! {
    /// An answer of the inventory service.
    StockAnswer {
        /// Held for us.
        Reserved = "inventory.reserved.v1",
        /// Refused.
        Rejected = "inventory.rejected.v1",
        /// Held, and let go again.
        ReservationExpired = "inventory.reservation_expired.v1",
        /// Ours.
        Committed = "inventory.committed.v1",
        /// Let go.
        Released = "inventory.released.v1",
    }
}

impl Draft<'_> {
    /// Applies an answer about the given attempt. Whatever does not fit the present state is old news and changes nothing, except
    /// that stock which nobody waits for any more is let go again.
    ///
    /// # Errors
    /// [`Refusal`] when the order refuses; nothing is to be written then.
    pub fn stock_answered(&mut self, answer: StockAnswer, attempt: u32, short: &[Shortage]) -> Result<(), Refusal> {
        let current = attempt == self.order.stock.attempt;
        match (answer, self.order.stock.status) {
            (StockAnswer::Reserved, StockStatus::Requested) if current => self.stock_reserved(),
            (StockAnswer::Reserved, StockStatus::Rejected | StockStatus::Expired) => {
                self.release_stock(attempt);
                Ok(())
            }
            (StockAnswer::Reserved, _) if !current => {
                self.release_stock(attempt);
                Ok(())
            }
            (StockAnswer::Rejected, StockStatus::Requested) if current => self.reject(Trigger::StockRejected, StockStatus::Rejected, short),
            (StockAnswer::ReservationExpired, StockStatus::Reserved) if current => self.reservation_expired(),
            // While a release is out these answers say that there is nothing left to let go.
            (StockAnswer::Rejected, StockStatus::Releasing) if current => self.stock_is_free(StockStatus::Rejected),
            (StockAnswer::ReservationExpired, StockStatus::Releasing) if current => self.stock_is_free(StockStatus::Expired),
            (StockAnswer::Released, StockStatus::Releasing) if current => self.stock_is_free(StockStatus::Released),
            (StockAnswer::Committed, StockStatus::Committing) if current => {
                self.settle_stock(StockStatus::Committed);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn settle_stock(&mut self, status: StockStatus) {
        self.order.stock.status = status;
        self.changes.internal = true;
    }

    fn stock_is_free(&mut self, status: StockStatus) -> Result<(), Refusal> {
        self.settle_stock(status);
        self.advance()
    }

    fn stock_reserved(&mut self) -> Result<(), Refusal> {
        if self.order.status != OrderStatus::Pending {
            self.release_stock(self.order.stock.attempt);
            self.settle_stock(StockStatus::Releasing);
            return Ok(());
        }
        self.order.stock.status = StockStatus::Reserved;
        self.take(Trigger::StockReserved, None)?;
        self.publish(Content::OrderStockReserved)?;
        self.advance()
    }

    fn reservation_expired(&mut self) -> Result<(), Refusal> {
        if self.order.stock.attempt >= STOCK_ATTEMPTS_MAX {
            return self.reject(Trigger::ReservationExhausted, StockStatus::Expired, &[]);
        }
        self.take(Trigger::ReservationExpired, None)?;
        self.order.stock.attempt += 1;
        self.order.stock.status = StockStatus::Requested;
        self.request_stock();
        Ok(())
    }

    /// There is no stock: the sale is taken back, and so is any money.
    fn reject(&mut self, trigger: Trigger, stock: StockStatus, short: &[Shortage]) -> Result<(), Refusal> {
        self.order.stock.status = stock;
        self.take_back_sale()?;
        self.take(trigger, None)?;
        self.clear_payment_deadline();
        let lines = self.known_shortages(short);
        self.publish(Content::OrderRejected(Shortages { lines }))?;
        self.reverse_payments()
    }

    /// Asks for the stock of the current attempt.
    pub(super) fn request_stock(&mut self) {
        self.stock_command(Content::InventoryReserve, self.order.stock.attempt);
    }

    /// Makes the held stock ours.
    pub(super) fn commit_stock(&mut self) {
        self.order.stock.status = StockStatus::Committing;
        self.stock_command(Content::InventoryCommit, self.order.stock.attempt);
    }

    /// The order has no more use for its stock. A reservation that is not answered yet is let go as well: the inventory service takes
    /// the commands of an order in their order.
    pub(super) fn let_stock_go(&mut self) {
        let held = [StockStatus::Requested, StockStatus::Reserved, StockStatus::Committing, StockStatus::Committed];
        if held.contains(&self.order.stock.status) {
            self.release_stock(self.order.stock.attempt);
            self.order.stock.status = StockStatus::Releasing;
        }
    }

    fn release_stock(&mut self, attempt: u32) {
        self.changes.internal = true;
        self.stock_command(Content::InventoryRelease, attempt);
    }

    /// What the inventory service said of articles that the order has, each once and at most as much as was asked for: the event is
    /// ours, and so is its size.
    fn known_shortages(&self, short: &[Shortage]) -> Vec<Shortage> {
        let mut told = BTreeSet::new();
        let lines = self.order.lines.iter().filter(|line| told.insert(line.sku.as_str()));
        let found = lines.filter_map(|line| Some((line, short.iter().find(|shortage| shortage.sku == line.sku)?)));
        found
            .map(|(line, Shortage { sku, available })| Shortage { sku: sku.clone(), available: (*available).min(line.quantities.ordered) })
            .collect()
    }

    /// A reservation is asked for, made ours and let go whole.
    fn stock_command(&mut self, command: fn(StockCommand) -> Content, attempt: u32) {
        let lines = self.order.lines.iter().map(Line::units).collect();
        self.send_stock_command(command, attempt, lines);
    }

    /// Lets go a part of the stock that the order goes on to hold.
    pub(super) fn release_units(&mut self, units: &[FulfillmentLine]) {
        if self.order.stock.status == StockStatus::Off {
            return;
        }
        self.send_stock_command(Content::InventoryRelease, self.order.stock.attempt, self.order.units(units));
    }

    fn send_stock_command(&mut self, command: fn(StockCommand) -> Content, attempt: u32, lines: Vec<Units>) {
        let order_id = self.order.id;
        self.command(command(StockCommand { reservation_id: format!("{order_id}:{attempt}"), order_id, lines }));
    }
}
