//! Taking what a tender has set aside: in full, in part, or in part and for the last time.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    actions::Action,
    draft::{Draft, Limit, Refusal},
};
use crate::domain::{
    ids::PaymentId,
    invalid::{FieldError, FieldErrors},
    money::Amount,
    payments::OperationKind,
    schema::PositiveAmount,
};

/// The body of `POST /v1/payments/{payment_id}/captures`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureRequest {
    /// How much; all that is set aside unless it is said.
    #[schema(value_type = Option<PositiveAmount>)]
    pub amount: Option<i64>,
    /// No further capture follows: what is left of the authorization is let go.
    #[serde(default, rename = "final")]
    pub is_final: bool,
}

/// What is to be taken of a tender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capturing {
    amount: Option<Amount>,
    is_final: bool,
}

impl Capturing {
    /// What a body asks for.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(request: &CaptureRequest) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let amount = request.amount.and_then(|amount| errors.positive_amount(amount, "/amount"));
        errors.into_result().map(|()| Self { amount, is_final: request.is_final })
    }
}

impl Draft<'_> {
    /// Takes what a tender has set aside.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Exceeds`] when it is more than is set aside and not being taken; [`Refusal::Overflow`].
    pub fn capture(&mut self, payment: PaymentId, capturing: Capturing) -> Result<(), Refusal> {
        self.guard_tender(Action::CapturePayment, payment)?;
        let available = self.order.payment(payment).ok_or(Refusal::NotYetKnown("payment"))?.capturable()?;
        let amount = capturing.amount.unwrap_or(available);
        if amount > available {
            return Err(Refusal::exceeds(Limit::Capturable, "/amount", amount, available));
        }
        self.request(payment, OperationKind::Capture, amount, Amount::ZERO, |operation| operation.is_final = capturing.is_final)
    }
}
