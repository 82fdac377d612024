//! What a person settles: an operation of which no machine can know the end, or whose end needs somebody to look.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    draft::{Draft, Refusal},
    reason::Reason,
    request::REFERENCE_MAX,
};
use crate::domain::{
    ids::OperationId,
    invalid::{FieldError, FieldErrors},
    messages::Changed,
    money::Amount,
    payments::{
        OperationState,
        operation::{Failure, Outcome},
    },
    schema::{PositiveAmount, ReasonCode, Reference},
    text_enum::text_enum,
};

text_enum! {
    /// What a person has found out about an operation.
    Finding {
        /// The money moved.
        Succeeded = "succeeded",
        /// It did not and will not.
        Failed = "failed",
    }
}

/// The body of `POST /v1/ops/payment-operations/{operation_id}/resolve`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    /// What happened at the payment service.
    pub outcome: Finding,
    /// How much moved, if it succeeded with another amount than was asked for.
    #[schema(value_type = Option<PositiveAmount>)]
    pub amount: Option<i64>,
    /// The payment service's reference of the movement.
    #[schema(value_type = Option<Reference>)]
    pub provider_reference: Option<String>,
    /// How it is known: a code, not prose.
    #[schema(value_type = ReasonCode)]
    pub reason: Reason,
}

/// What a person has found out, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    finding: Finding,
    amount: Option<Amount>,
    provider_reference: Option<String>,
    reason: String,
}

impl Resolution {
    /// What a body says.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(request: &ResolveRequest) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let amount = request.amount.and_then(|amount| errors.positive_amount(amount, "/amount"));
        if let Some(reference) = &request.provider_reference {
            errors.text(reference, REFERENCE_MAX, "/provider_reference");
        }
        let moved = request.outcome == Finding::Succeeded;
        errors.require(moved || request.amount.is_none(), "/amount", "exclusive", "goes with succeeded: nothing moved");
        let reason = request.reason.as_str().to_owned();
        errors.into_result()?;
        Ok(Self { finding: request.outcome, amount, provider_reference: request.provider_reference.clone(), reason })
    }

    /// What a person found out.
    pub const fn finding(&self) -> Finding {
        self.finding
    }

    /// How they know.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Draft<'_> {
    /// Applies what a person has found out, and takes the operation off their list.
    ///
    /// # Errors
    /// [`Refusal::NothingToSettle`] when nothing is open about it, or when a success is said to have failed: that is undone by a void, a
    /// refund or a reversal of its own; [`Refusal::Overflow`].
    pub fn resolve(&mut self, id: OperationId, resolution: &Resolution) -> Result<(), Refusal> {
        let operation = self.operation(id).ok_or(Refusal::NotYetKnown("operation"))?.clone();
        if !operation.can_be_resolved() {
            return Err(Refusal::NothingToSettle("nobody has to settle it: it is neither open nor marked for a person"));
        }
        if operation.state == OperationState::Succeeded && resolution.finding == Finding::Failed {
            return Err(Refusal::NothingToSettle("it succeeded; money that moved is brought back by a void, a refund or a reversal"));
        }
        self.change(id, |operation| operation.attention = None)?;
        self.record("operation_resolved", Some(resolution.reason.clone()));
        self.publish_updated(Changed::Payments, Some(resolution.reason.clone()))?;
        match (resolution.finding, operation.state) {
            (Finding::Succeeded, OperationState::Succeeded) | (Finding::Failed, OperationState::Failed) => self.advance(),
            (Finding::Succeeded, _) => {
                let amount = resolution.amount.unwrap_or(operation.amount);
                self.apply_outcome(id, Outcome::Succeeded { amount, provider_reference: resolution.provider_reference.clone() })
            }
            (Finding::Failed, _) => {
                let failure = Failure { code: "resolved_as_failed".to_owned(), message: "a person found that no money moved".to_owned() };
                self.apply_outcome(id, Outcome::Failed(failure))
            }
        }
    }
}
