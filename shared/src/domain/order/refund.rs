//! Giving money back on a caller's word: an amount, lines that the customer keeps, or all that is left.
//!
//! What we owe already goes back first. Beyond that a refund is a grant: the order is worth so much less from now on. A grant of an
//! amount is taken back if its refund fails; the value of refunded lines stays owed, and is tried again.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    actions::{Action, PAYMENTS_MAX},
    draft::{Draft, Limit, Refusal},
    reason::Reason,
    request::QUANTITY_MAX,
};
use crate::domain::{
    ids::{LineId, PaymentId},
    invalid::{FieldError, FieldErrors},
    messages::Changed,
    money::Amount,
    payments::ledger::Fact,
    policy::LINES_MAX,
    schema::{PositiveAmount, Quantity, ReasonCode},
};

/// The body of `POST /v1/orders/{order_id}/refunds`: an amount, or lines, or neither for all that may be refunded.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    /// How much.
    #[schema(value_type = Option<PositiveAmount>)]
    pub amount: Option<i64>,
    /// Units that the customer is paid back for and keeps.
    #[schema(min_items = 1, max_items = 1000)]
    pub lines: Option<Vec<RefundLineRequest>>,
    /// Why: a code, not prose.
    #[schema(value_type = ReasonCode)]
    pub reason: Reason,
    /// With `lines`: the price of shipping goes back too, once.
    #[serde(default)]
    pub shipping: bool,
    /// Which tenders give it back, and how much each; the oldest first unless it is said.
    #[schema(min_items = 1, max_items = 50)]
    pub allocation: Option<Vec<AllocationRequest>>,
}

/// Units of one line.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundLineRequest {
    /// The line.
    pub id: LineId,
    /// Units of it.
    #[schema(value_type = Quantity)]
    pub quantity: i64,
}

/// What one tender gives back.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocationRequest {
    /// The tender.
    pub payment_id: PaymentId,
    /// How much.
    #[schema(value_type = PositiveAmount)]
    pub amount: i64,
}

/// What is to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunding {
    what: What,
    reason: String,
    allocation: Option<Vec<(PaymentId, Amount)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Amount(Amount),
    Lines { lines: Vec<(LineId, u32)>, shipping: bool },
    Rest,
}

impl Refunding {
    /// What a body asks for.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(request: &RefundRequest) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let amount = request.amount.and_then(|amount| errors.positive_amount(amount, "/amount"));
        let lines = request.lines.as_ref().map(|lines| parse_lines(lines, &mut errors));
        let allocation = request.allocation.as_ref().map(|parts| parse_allocation(parts, &mut errors));
        errors.require(amount.is_none() || lines.is_none(), "/lines", "exclusive", "goes without amount: a refund is of one or the other");
        errors.require(!request.shipping || lines.is_some(), "/shipping", "exclusive", "goes with lines: an amount says itself how much");
        errors.into_result()?;
        let what = match (amount, lines) {
            (Some(amount), _) => What::Amount(amount),
            (None, Some(lines)) => What::Lines { lines, shipping: request.shipping },
            (None, None) => What::Rest,
        };
        Ok(Self { what, reason: request.reason.as_str().to_owned(), allocation })
    }
}

fn parse_lines(lines: &[RefundLineRequest], errors: &mut FieldErrors) -> Vec<(LineId, u32)> {
    let count = lines.len();
    errors.require((1..=LINES_MAX).contains(&count), "/lines", "length", format_args!("must have 1 to {LINES_MAX} lines, has {count}"));
    let mut parsed: Vec<(LineId, u32)> = Vec::new();
    for (index, RefundLineRequest { id, quantity }) in lines.iter().enumerate().take(LINES_MAX) {
        let at = |member: &str| format!("/lines/{index}/{member}");
        errors.require(!parsed.iter().any(|(known, _)| known == id), at("id"), "duplicate", "is listed twice");
        let units = u32::try_from(*quantity).ok().filter(|units| (1..=QUANTITY_MAX).contains(units));
        errors.require(units.is_some(), at("quantity"), "out_of_range", format_args!("must be 1 to {QUANTITY_MAX}, is {quantity}"));
        parsed.push((*id, units.unwrap_or_default()));
    }
    parsed
}

fn parse_allocation(parts: &[AllocationRequest], errors: &mut FieldErrors) -> Vec<(PaymentId, Amount)> {
    let count = parts.len();
    let fits = (1..=PAYMENTS_MAX).contains(&count);
    errors.require(fits, "/allocation", "length", format_args!("must have 1 to {PAYMENTS_MAX} parts, has {count}"));
    let mut parsed: Vec<(PaymentId, Amount)> = Vec::new();
    for (index, AllocationRequest { payment_id, amount }) in parts.iter().enumerate().take(PAYMENTS_MAX) {
        let at = |member: &str| format!("/allocation/{index}/{member}");
        errors.require(!parsed.iter().any(|(known, _)| known == payment_id), at("payment_id"), "duplicate", "is listed twice");
        let amount = errors.positive_amount(*amount, at("amount"));
        parsed.push((*payment_id, amount.unwrap_or_default()));
    }
    parsed
}

impl Draft<'_> {
    /// Gives money back.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Exceeds`] when it is more than may be refunded, of the order, of a line or of a tender;
    /// [`Refusal::Invalid`] when a line or tender is none of the order's or the allocation is of another sum; [`Refusal::Overflow`].
    pub fn refund(&mut self, refunding: &Refunding) -> Result<(), Refusal> {
        self.guard(Action::Refund)?;
        let refundable = self.order.balances.refundable()?;
        let owed_before = self.order.balances.owed();
        let (amount, granted) = match &refunding.what {
            What::Amount(amount) => (*amount, amount.minus(owed_before.min(*amount))?),
            What::Rest => (refundable, refundable.minus(owed_before.min(refundable))?),
            What::Lines { lines, shipping } => {
                self.grant_lines(lines, *shipping)?;
                (self.order.balances.owed().min(refundable), Amount::ZERO)
            }
        };
        if amount > refundable {
            return Err(Refusal::exceeds(Limit::Refundable, "/amount", amount, refundable));
        }
        let parts = match &refunding.allocation {
            Some(parts) => self.checked_allocation(parts, amount)?,
            None => self.order.over_tenders(amount)?,
        };
        self.post(Fact::Granted, granted, Amount::ZERO, None)?;
        self.record("refund_granted", Some(refunding.reason.clone()));
        self.publish_updated(Changed::Totals, Some(refunding.reason.clone()))?;
        // What is owed goes back first, so the grant is in the last parts.
        let mut owed = amount.minus(granted)?;
        for (payment, part) in parts {
            let from_owed = part.min(owed);
            owed = owed.minus(from_owed)?;
            self.request_refund(payment, part, part.minus(from_owed)?)?;
        }
        self.advance()
    }

    /// The customer keeps units and is owed their value.
    fn grant_lines(&mut self, lines: &[(LineId, u32)], shipping: bool) -> Result<(), Refusal> {
        let mut value = Amount::ZERO;
        for (index, (id, quantity)) in lines.iter().enumerate() {
            let Some(line) = self.order.lines.iter().find(|line| line.id == *id) else {
                let message = "is no line of this order".to_owned();
                return Err(Refusal::Invalid(vec![FieldError { pointer: format!("/lines/{index}/id"), code: "unknown_line", message }]));
            };
            let available = line.quantities.ordered - line.quantities.taken_out();
            if *quantity > available {
                return Err(Refusal::exceeds_quantity(format!("/lines/{index}/quantity"), *quantity, available));
            }
            value = value.plus(self.order.value_of_units(*id, *quantity)?)?;
        }
        for (id, quantity) in lines {
            if let Some(line) = self.order.lines.iter_mut().find(|line| line.id == *id) {
                line.quantities.refunded += quantity;
            }
        }
        if shipping && !self.order.shipping_refunded {
            self.order.shipping_refunded = true;
            value = value.plus(self.order.shipping)?.plus(self.order.shipping_tax)?;
        }
        Ok(self.post(Fact::Granted, value.min(self.order.balances.due()), Amount::ZERO, None)?)
    }

    /// The caller's own distribution over the tenders, if it fits.
    fn checked_allocation(&self, parts: &[(PaymentId, Amount)], amount: Amount) -> Result<Vec<(PaymentId, Amount)>, Refusal> {
        for (index, (id, part)) in parts.iter().enumerate() {
            let Some(payment) = self.order.payment(*id) else {
                let (pointer, message) = (format!("/allocation/{index}/payment_id"), "is no tender of this order".to_owned());
                return Err(Refusal::Invalid(vec![FieldError { pointer, code: "unknown_payment", message }]));
            };
            let available = payment.refundable()?;
            if *part > available {
                return Err(Refusal::exceeds(Limit::Refundable, format!("/allocation/{index}/amount"), *part, available));
            }
        }
        let sum = Amount::sum(parts.iter().map(|(_, part)| *part))?;
        if sum != amount {
            let message = format!("the parts come to {sum}, the refund to {amount}");
            return Err(Refusal::Invalid(vec![FieldError { pointer: "/allocation".to_owned(), code: "mismatch", message }]));
        }
        Ok(parts.to_vec())
    }
}
