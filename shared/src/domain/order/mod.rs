//! The order: its state, and what it makes of each thing that can happen to it.
//!
//! [`Order`] is the state. A [`draft::Draft`] is an order under change: every reaction (`stock`, `payment`, `shipment`, and `advance` after
//! each, `undone`, and what callers and people ask for: `cancel`, `tender`, `capture`, `void`, `refund`, `resolve`) works on a draft, and the draft collects history, postings, messages and timers that must commit with the new state.

pub mod actions;
pub mod advance;
pub mod cancel;
pub mod capture;
pub mod contact;
pub mod draft;
pub mod expire;
pub mod hold;
pub mod inspect;
pub mod line;
pub mod metadata;
pub mod milestone;
pub mod payment;
pub mod place;
pub mod reason;
pub mod reconcile;
pub mod refund;
pub mod request;
pub mod resolve;
mod reversal;
pub mod shipment;
pub mod status;
pub mod stock;
pub mod tender;
#[cfg(test)]
mod tests;
pub mod transitions;
mod undone;
mod void;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use self::{
    contact::Contact,
    hold::Hold,
    line::Line,
    status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus, StockStatus},
};
use super::{
    fulfilment::Fulfillment,
    ids::{OrderId, TenantId},
    money::{Amount, Currency, Overflow},
    payments::{Payment, ledger::Balances},
    timestamp::Timestamp,
};

/// The reservation of an order's stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// What was asked and answered.
    pub status: StockStatus,
    /// Which attempt it speaks of, from 1.
    pub attempt: u32,
}

/// An order, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose it is.
    pub tenant: TenantId,
    /// For people; unique per tenant, with gaps.
    pub number: u64,
    /// The caller's own reference, unique per tenant.
    pub external_reference: Option<String>,
    /// +1 with every change; equals the number of history rows.
    pub version: u64,
    /// Number of `order.*` events so far.
    pub event_sequence: u64,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// What the ledger says.
    pub payment_status: PaymentStatus,
    /// How far its units have come.
    pub fulfillment_status: FulfillmentStatus,
    /// What came back.
    pub return_status: ReturnStatus,
    /// Its reservation.
    pub stock: Stock,
    /// Currency of every amount in it.
    pub currency: Currency,
    /// Personal data.
    pub contact: Contact,
    /// What was bought, in the caller's order.
    pub lines: Vec<Line>,
    /// Price of shipping.
    pub shipping: Amount,
    /// Tax on shipping.
    pub shipping_tax: Amount,
    /// Off the whole order.
    pub discount: Amount,
    /// The price of shipping has gone back to the customer.
    pub shipping_refunded: bool,
    /// Balances of its ledger.
    pub balances: Balances,
    /// Its tenders.
    pub payments: Vec<Payment>,
    /// Its fulfilments.
    pub fulfillments: Vec<Fulfillment>,
    /// What keeps it from going on.
    pub holds: Vec<Hold>,
    /// The caller's own, public.
    pub metadata: Map<String, Value>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The sums that every representation of an order shows, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OrderTotals)]
pub struct Totals {
    /// Σ unit price · quantity.
    pub lines: Amount,
    /// Σ discounts of lines and of the order.
    pub discount: Amount,
    /// Price of shipping.
    pub shipping: Amount,
    /// Σ taxes, shipping's included.
    pub tax: Amount,
    /// lines − discount + shipping + tax.
    pub total: Amount,
    /// Set aside and alive.
    pub authorized: Amount,
    /// Taken, gross.
    pub captured: Amount,
    /// Gone back.
    pub refunded: Amount,
    /// What the customer owes; negative: we owe.
    pub balance_due: Amount,
    /// What may still be given back.
    pub refundable: Amount,
}

/// The parts of an order that make its price.
#[derive(Debug, Clone, Copy)]
pub struct Priced<'a> {
    /// Its lines.
    pub lines: &'a [Line],
    /// Price of shipping.
    pub shipping: Amount,
    /// Tax on shipping.
    pub shipping_tax: Amount,
    /// Off the whole order.
    pub discount: Amount,
}

impl Priced<'_> {
    /// Every sum, given the balances of the ledger.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn totals(&self, balances: &Balances) -> Result<Totals, Overflow> {
        let gross = self.lines.iter().try_fold(Amount::ZERO, |sum, line| sum.plus(line.gross()?))?;
        let discount = Amount::sum(self.lines.iter().map(|line| line.discount))?.plus(self.discount)?;
        let tax = Amount::sum(self.lines.iter().map(|line| line.tax))?.plus(self.shipping_tax)?;
        Ok(Totals {
            lines: gross,
            discount,
            shipping: self.shipping,
            tax,
            total: gross.minus(discount)?.plus(self.shipping)?.plus(tax)?,
            authorized: balances.authorized(),
            captured: balances.captured(),
            refunded: balances.refunded(),
            balance_due: balances.balance_due(),
            refundable: balances.refundable()?,
        })
    }
}

impl Order {
    /// Its sums.
    ///
    /// # Errors
    /// [`Overflow`]; cannot happen for an order that was placed.
    pub fn totals(&self) -> Result<Totals, Overflow> {
        let priced = Priced { lines: &self.lines, shipping: self.shipping, shipping_tax: self.shipping_tax, discount: self.discount };
        priced.totals(&self.balances)
    }
}
