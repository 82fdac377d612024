//! The partner's own books: what it reserved, took, let go and gave back of each payment. Nothing but what took effect is
//! entered, and nothing that does not fit: tests hold the service's ledger against them.

use serde::Serialize;

use super::{Failure, Kind, Mood, Request};
use crate::recent::Recent;

/// The largest amount of one operation, in minor units; a larger one, or one below 1, fails with `invalid_amount`.
const MAX_AMOUNT: i64 = (1 << 53) - 1;

/// The books of all payments, by tenant and payment.
#[derive(Debug, Default)]
pub(super) struct Books(Recent<Book>);

/// One payment: its sums in minor units, and what the partner remembers of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Book {
    tenant_id: String,
    order_id: String,
    payment_id: String,
    currency: String,
    /// Reserved in all, less what expired.
    authorized: i64,
    captured: i64,
    voided: i64,
    refunded: i64,
    /// Refunded, and come back.
    reversed: i64,
    /// Reserved and still there for captures and voids.
    #[serde(skip)]
    live: i64,
    /// Whether an authorization was ever asked for: captures draw on it then, or else on the customer.
    #[serde(skip)]
    authorizes: bool,
    /// Refunds carried out or refused.
    #[serde(skip)]
    refunds: u32,
    /// The mood that a token chose.
    #[serde(skip)]
    mood: Option<Mood>,
}

/// One payment as `GET /simulator/payments` shows it.
#[derive(Debug, Serialize)]
pub(super) struct BookView<'a> {
    #[serde(flatten)]
    book: &'a Book,
    /// What the customer has paid in the end.
    net: i64,
}

impl Books {
    /// The book of the payment that a request is about, opened if it is the first.
    pub fn of(&mut self, request: &Request) -> &mut Book {
        let name = format!("{}/{}", request.tenant_id, request.payment_id);
        self.0.get_or_insert_with(&name, || Book::new(request))
    }

    /// Every payment, in the order they were first heard of.
    pub fn views(&self) -> Vec<BookView<'_>> {
        self.0.iter().map(|book| BookView { book, net: book.net() }).collect()
    }
}

impl Book {
    fn new(request: &Request) -> Self {
        Self {
            tenant_id: request.tenant_id.clone(),
            order_id: request.order_id.clone(),
            payment_id: request.payment_id.clone(),
            currency: request.currency.clone(),
            authorized: 0,
            captured: 0,
            voided: 0,
            refunded: 0,
            reversed: 0,
            live: 0,
            authorizes: false,
            refunds: 0,
            mood: None,
        }
    }

    /// The mood of an operation with this token: its own, else the payment's. The payment's first stays with it.
    pub fn mood(&mut self, token: Option<&str>) -> Option<Mood> {
        let told = Mood::of_token(token);
        self.mood = self.mood.or(told);
        told.or(self.mood)
    }

    /// Takes note that an operation was accepted, before it is carried out.
    pub fn accept(&mut self, kind: Kind) {
        self.authorizes |= kind == Kind::Authorize;
    }

    /// Whether an operation of this kind asks the customer for money, and does not draw on what they have granted.
    pub fn asks_customer(&self, kind: Kind) -> bool {
        kind == Kind::Authorize || (kind == Kind::Capture && !self.authorizes)
    }

    /// Carries an operation out, as far as mood and books allow, and returns the amount that took effect.
    pub fn carry_out(&mut self, request: &Request, mood: Mood) -> Result<i64, Failure> {
        let refunds = self.refunds;
        self.refunds += u32::from(request.kind == Kind::Refund);
        if let Some(refusal) = mood.refusal(request.kind, refunds) {
            return Err(refusal);
        }
        if request.currency != self.currency {
            return Err(Failure::new("currency_mismatch", "The payment has another currency."));
        }
        if !(1..=MAX_AMOUNT).contains(&request.amount) {
            return Err(Failure::new("invalid_amount", "The amount is out of range."));
        }
        let amount = if self.asks_customer(request.kind) { mood.amount(request.amount) } else { request.amount };
        self.enter(request.kind, amount)?;
        Ok(amount)
    }

    fn enter(&mut self, kind: Kind, amount: i64) -> Result<(), Failure> {
        match kind {
            Kind::Authorize => {
                self.authorized += amount;
                self.live += amount;
            }
            Kind::Capture if self.asks_customer(kind) => self.captured += amount,
            Kind::Void if self.live == 0 => return Err(Failure::new("nothing_to_void", "Nothing is reserved.")),
            Kind::Capture | Kind::Void if amount > self.live => {
                return Err(Failure::new("amount_exceeds_authorization", "Less than this is reserved."));
            }
            Kind::Capture => {
                self.captured += amount;
                self.live -= amount;
            }
            Kind::Void => {
                self.voided += amount;
                self.live -= amount;
            }
            Kind::Refund if amount > self.net() => return Err(Failure::new("amount_exceeds_captured", "Less than this was taken.")),
            Kind::Refund => self.refunded += amount,
        }
        Ok(())
    }

    /// Undoes a success without anybody's request: an authorization expires with what is left of it, a refund comes back.
    /// Returns whether there was anything to undo.
    pub fn withdraw(&mut self, kind: Kind, amount: i64) -> bool {
        match kind {
            Kind::Authorize => {
                let left = amount.min(self.live);
                self.authorized -= left;
                self.live -= left;
                left > 0
            }
            Kind::Refund => {
                self.reversed += amount;
                true
            }
            Kind::Capture | Kind::Void => false,
        }
    }

    fn net(&self) -> i64 {
        self.captured - self.refunded + self.reversed
    }
}
