//! Cancelling a whole order: goods that are with a shipping partner are called back; once none is on its way, the sale is taken back,
//! stock is let go and money goes back. Only when all of it is confirmed by answers is the order `cancelled`.
//!
//! Money waits for the goods: what left before the cancellation reached it is paid for (`overtaken`).

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Order,
    actions::Action,
    draft::{Draft, Refusal},
    line::{self, Line},
    reason::Reason,
    status::OrderStatus,
    transitions::Trigger,
};
use crate::domain::{
    fulfilment::FulfillmentLine,
    ids::{FulfillmentId, LineId},
    messages::{CancellationRequested, Content, Lines, ShippingCancel, Units},
    money::{Amount, Overflow},
    payments::ledger::Fact,
    schema::ReasonCode,
};

/// The body of `POST /v1/orders/{order_id}/cancel`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// Why: a code, not prose.
    #[schema(value_type = Option<ReasonCode>)]
    pub reason: Option<Reason>,
}

impl Draft<'_> {
    /// Cancels the order. One that is cancelled, or on its way to be, stays as it is.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Overflow`].
    pub fn cancel(&mut self, reason: Option<Reason>) -> Result<(), Refusal> {
        if matches!(self.order.status, OrderStatus::Cancelling | OrderStatus::Cancelled) {
            return Ok(());
        }
        self.guard(Action::Cancel)?;
        let reason = reason.map(|reason| reason.as_str().to_owned());
        if self.order.has_no_live_fulfillment() {
            self.take_back_sale()?;
        }
        self.take(Trigger::Cancel, reason.clone())?;
        self.clear_payment_deadline();
        self.publish(Content::OrderCancellationRequested(CancellationRequested { reason }))?;
        if self.order.has_no_live_fulfillment() {
            self.let_go()?;
        } else {
            self.call_goods_back();
        }
        self.advance()
    }

    /// The whole order is no sale any more: nothing of it is due, none of its units will be delivered. A version must follow.
    pub(super) fn take_back_sale(&mut self) -> Result<(), Overflow> {
        for line in &mut self.order.lines {
            line.quantities.cancelled = line.quantities.ordered - line.quantities.fulfilled;
        }
        self.post(Fact::Cancelled, self.order.balances.due(), Amount::ZERO, None)
    }

    /// The order has no more use for its stock and its money.
    pub(super) fn let_go(&mut self) -> Result<(), Refusal> {
        self.let_stock_go();
        self.reverse_payments()
    }

    fn call_goods_back(&mut self) {
        let live = self.order.fulfillments.iter_mut().filter(|fulfillment| fulfillment.stage.is_live());
        let ids: Vec<FulfillmentId> = live
            .map(|fulfillment| {
                fulfillment.cancel_requested = true;
                fulfillment.id
            })
            .collect();
        for id in ids {
            self.changes.fulfillments.insert(id);
            self.command(Content::ShippingCancel(ShippingCancel { fulfillment_id: id, order_id: self.order.id }));
        }
    }

    /// Goods left before the cancellation reached them: the order goes on with them, and without everything that is still here and with
    /// no partner.
    pub(super) fn overtaken(&mut self) -> Result<(), Refusal> {
        self.take(Trigger::CancelOvertaken, None)?;
        self.publish(Content::OrderProcessing)?;
        let open = |line: &Line| line.quantities.ordered - line.quantities.cancelled - line.quantities.fulfilled;
        let here = self.order.lines.iter().map(|line| FulfillmentLine { line: line.id, quantity: open(line) });
        let here = here.filter(|part| part.quantity > 0).collect::<Vec<_>>();
        self.cancel_units(&here)
    }

    /// Takes units out of an order that goes on: their value leaves the sale, their stock is let go, and what was paid for them goes
    /// back. They must be in no fulfilment.
    pub(super) fn cancel_units(&mut self, units: &[FulfillmentLine]) -> Result<(), Refusal> {
        if units.is_empty() {
            return Ok(());
        }
        let mut value = Amount::ZERO;
        for part in units {
            value = value.plus(self.order.value_of_units(part.line, part.quantity)?)?;
        }
        for part in units {
            if let Some(line) = self.order.lines.iter_mut().find(|line| line.id == part.line) {
                line.quantities.cancelled += part.quantity;
            }
        }
        self.post(Fact::Cancelled, value.min(self.order.balances.due()), Amount::ZERO, None)?;
        self.record("lines_cancelled", None);
        let lines = self.order.units(units);
        self.publish(Content::OrderLinesCancelled(Lines { lines }))?;
        self.release_units(units);
        self.refund_owed()
    }
}

impl Order {
    /// Parts of lines as messages tell of them.
    pub(super) fn units(&self, parts: &[FulfillmentLine]) -> Vec<Units> {
        let found = parts.iter().filter_map(|part| self.lines.iter().find(|line| line.id == part.line).map(|line| (line, part.quantity)));
        found.map(|(line, quantity)| Units { sku: line.sku.clone(), quantity }).collect()
    }

    /// What the next `quantity` units of a line are worth, its share of the order's discount taken off and its tax put on: the units that
    /// were neither cancelled nor refunded come first, and those that were are worth nothing any more.
    ///
    /// # Errors
    /// [`Overflow`]; cannot happen for an order that was placed.
    pub(super) fn value_of_units(&self, id: LineId, quantity: u32) -> Result<Amount, Overflow> {
        let weights = self.lines.iter().map(|line| line.gross()?.minus(line.discount)).collect::<Result<Vec<_>, _>>()?;
        let shares = line::shares(self.discount, &weights);
        let Some(index) = self.lines.iter().position(|line| line.id == id) else { return Ok(Amount::ZERO) };
        let line = &self.lines[index];
        let net = weights[index].minus(shares[index])?.plus(line.tax)?;
        let (ordered, taken) = (line.quantities.ordered, line.quantities.taken_out());
        Ok(line::value_of_units(net, ordered, taken, quantity.min(ordered - taken)))
    }
}
