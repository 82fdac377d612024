//! Tenders: what a caller asks for when it pays, at the creation of an order or later, and what an order makes of it.

use std::fmt;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    actions::Action,
    draft::{Draft, Refusal},
};
use crate::domain::{
    ids::{OperationId, PaymentId},
    invalid::{FieldError, FieldErrors},
    messages::Changed,
    money::Amount,
    payments::{Capture, Operation, OperationKind, Payment},
    schema::{PaymentMethod, PaymentToken, PositiveAmount},
};

/// Characters of a payment token.
pub const TOKEN_MAX: usize = 512;
/// Characters of a method's name.
pub const METHOD_MAX: usize = 64;

/// One tender of the body.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentRequest {
    /// What the payment service calls it: `card`.
    #[schema(value_type = PaymentMethod)]
    pub method: String,
    /// The payment service's token of the customer's means.
    #[schema(value_type = Option<PaymentToken>)]
    pub token: Option<Token>,
    /// How much.
    #[schema(value_type = PositiveAmount)]
    pub amount: i64,
    /// When the money is taken: at once, or by captures of your own after it was set aside.
    pub capture: Capture,
}

/// A payment token: sealed at rest, erased once sent, never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

/// A tender that may become a payment.
#[derive(Debug, Clone)]
pub struct NewTender {
    pub(super) method: String,
    pub(super) token: Option<Token>,
    pub(super) amount: Amount,
    pub(super) capture: Capture,
}

impl NewTender {
    /// The tender that stands at `place` of a body; `None`, with the errors noted, when its amount is none.
    pub(super) fn parse(request: &PaymentRequest, place: &str, errors: &mut FieldErrors) -> Option<Self> {
        let at = |member: &str| format!("{place}/{member}");
        errors.text(&request.method, METHOD_MAX, at("method"));
        if let Some(token) = &request.token {
            errors.text(token.expose(), TOKEN_MAX, at("token"));
        }
        let amount = errors.positive_amount(request.amount, at("amount"));
        Some(Self { method: request.method.clone(), token: request.token.clone(), amount: amount?, capture: request.capture })
    }

    /// The tender that a whole body is.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn try_new(request: &PaymentRequest) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let tender = Self::parse(request, "", &mut errors);
        tender.filter(|_| errors.is_empty()).ok_or_else(|| errors.into_vec())
    }

    /// Its token, for sealing.
    pub const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }
}

impl Draft<'_> {
    /// Adds a tender to an order that waits for money, and asks for it.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Invalid`] when it is more than is still open; [`Refusal::Overflow`].
    pub fn add_payment(&mut self, tender: NewTender) -> Result<(), Refusal> {
        self.guard(Action::AddPayment)?;
        let (amount, open) = (tender.amount, self.order.open_due()?);
        if amount > open {
            let message = format!("a tender of {amount} exceeds the {open} that are still open");
            return Err(Refusal::Invalid(vec![FieldError { pointer: "/amount".to_owned(), code: "exceeds_due", message }]));
        }
        let operation = self.add_tender(tender);
        self.record("payment_added", None);
        self.publish_updated(Changed::Payments, None)?;
        self.request_operation(operation);
        Ok(())
    }

    /// Adds a tender with its first operation, requested.
    pub(super) fn add_tender(&mut self, tender: NewTender) -> OperationId {
        let payment = PaymentId::new(self.next_uuid());
        let operation = OperationId::new(self.next_uuid());
        self.changes.new_payments.push(payment);
        let kind = match tender.capture {
            Capture::Automatic => OperationKind::Capture,
            Capture::Manual => OperationKind::Authorize,
        };
        self.order.payments.push(Payment {
            id: payment,
            position: u32::try_from(self.order.payments.len()).unwrap_or(u32::MAX),
            method: tender.method,
            capture: tender.capture,
            amount: tender.amount,
            operations: vec![Operation::requested(operation, payment, kind, tender.amount, self.now)],
        });
        operation
    }
}
