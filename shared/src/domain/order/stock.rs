//! What the inventory service answers, and what an order makes of it.

use serde_json::{Value, json};

use super::{
    draft::{Draft, Refusal},
    line::Line,
    status::{OrderStatus, StockStatus},
    transitions::Trigger,
};
use crate::domain::{fulfilment::FulfillmentLine, messages::MessageType, text_enum::text_enum};

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
    pub fn stock_answered(&mut self, answer: StockAnswer, attempt: u32, unavailable: Value) -> Result<(), Refusal> {
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
            (StockAnswer::Rejected, StockStatus::Requested) if current => {
                self.reject(Trigger::StockRejected, StockStatus::Rejected, unavailable)
            }
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
        self.publish(MessageType::OrderStockReserved, Value::Null)?;
        self.advance()
    }

    fn reservation_expired(&mut self) -> Result<(), Refusal> {
        if self.order.stock.attempt >= STOCK_ATTEMPTS_MAX {
            return self.reject(Trigger::ReservationExhausted, StockStatus::Expired, json!([]));
        }
        self.take(Trigger::ReservationExpired, None)?;
        self.order.stock.attempt += 1;
        self.order.stock.status = StockStatus::Requested;
        self.request_stock();
        Ok(())
    }

    /// There is no stock: the sale is taken back, and so is any money.
    fn reject(&mut self, trigger: Trigger, stock: StockStatus, unavailable: Value) -> Result<(), Refusal> {
        self.order.stock.status = stock;
        self.take_back_sale()?;
        self.take(trigger, None)?;
        self.clear_payment_deadline();
        self.publish(MessageType::OrderRejected, json!({ "lines": unavailable }))?;
        self.reverse_payments()
    }

    /// Asks for the stock of the current attempt.
    pub(super) fn request_stock(&mut self) {
        self.stock_command(MessageType::InventoryReserve, self.order.stock.attempt);
    }

    /// Makes the held stock ours.
    pub(super) fn commit_stock(&mut self) {
        self.order.stock.status = StockStatus::Committing;
        self.stock_command(MessageType::InventoryCommit, self.order.stock.attempt);
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
        self.stock_command(MessageType::InventoryRelease, attempt);
    }

    fn stock_command(&mut self, kind: MessageType, attempt: u32) {
        // A reservation is asked for, made ours and let go whole.
        let units = |line: &Line| json!({ "line_id": line.id, "sku": line.sku, "quantity": line.quantities.ordered });
        let lines: Vec<Value> = self.order.lines.iter().map(units).collect();
        let data = json!({ "reservation_id": format!("{}:{attempt}", self.order.id), "order_id": self.order.id, "lines": lines });
        self.command(kind, data);
    }

    /// Lets go a part of the stock that the order goes on to hold.
    pub(super) fn release_units(&mut self, units: &[FulfillmentLine]) {
        if self.order.stock.status == StockStatus::Off {
            return;
        }
        let sku = |part: &FulfillmentLine| self.order.lines.iter().find(|line| line.id == part.line).map(|line| line.sku.as_str());
        let lines: Vec<Value> =
            units.iter().map(|part| json!({ "line_id": part.line, "sku": sku(part), "quantity": part.quantity })).collect();
        let reservation = format!("{}:{}", self.order.id, self.order.stock.attempt);
        let data = json!({ "reservation_id": reservation, "order_id": self.order.id, "lines": lines });
        self.command(MessageType::InventoryRelease, data);
    }

    /// Lines as `order.created` shows them.
    pub(super) fn line_summaries(&self) -> Vec<Value> {
        let summary = |line: &Line| {
            json!({
                "id": line.id,
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantities.ordered,
                "unit_price": line.unit_price,
                "discount": line.discount,
                "tax": line.tax,
                "requires_shipping": line.requires_shipping,
            })
        };
        self.order.lines.iter().map(summary).collect()
    }
}
