//! What the payment service is asked and what its answers mean: `POST /v1/operations` and `GET /v1/operations/{id}` as pure functions of
//! status and body.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::{
    ids::{OperationId, OrderId, PaymentId, TenantId},
    payments::{OperationKind, operation::Failure, report::OperationReport},
};

/// One operation to carry out. Its id is the idempotency key: asking twice does it once.
#[derive(Debug, Clone, Serialize)]
pub struct OperationRequest {
    /// Ours, for ever the same.
    pub id: OperationId,
    /// What to do.
    pub kind: OperationKind,
    /// Whose order it is.
    pub tenant_id: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The tender.
    pub payment_id: PaymentId,
    /// Minor units of `currency`.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// `card`, …; where a tender is used for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The payer's means of payment; where a tender is used for the first time.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub token: Option<SecretString>,
    /// The provider's reference of the operation that this one continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The one place where a token leaves its wrapper: the body of the signed request.
fn exposed<S: Serializer>(token: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    token.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

/// How a submission ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The service knows the operation and says how far it is, which may be `failed`.
    Report(OperationReport),
    /// The service refuses the operation for good (4xx): it had and will have no effect.
    Refused {
        /// Stable.
        code: String,
        /// For a person.
        message: String,
    },
    /// The service knows another operation by this id. Ours to mend: nothing may be concluded, somebody must look.
    Conflict,
    /// It may or may not have had an effect: no answer in time, or none that says. Only a question settles it.
    Unknown {
        /// One sentence.
        reason: String,
    },
    /// Nothing left this process: trying again later is safe and changes nothing.
    NeverSent {
        /// One sentence.
        reason: String,
    },
}

/// How a question about an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry {
    /// The service knows the operation and says how far it is.
    Report(OperationReport),
    /// It has never seen it (404): asking for it again is safe, under the same id.
    NeverSeen,
    /// No answer in time, or none that says.
    Unknown {
        /// One sentence.
        reason: String,
    },
    /// Nothing left this process: the question is still to be asked.
    NeverSent {
        /// One sentence.
        reason: String,
    },
}

/// A refusal's body, in either of the shapes in use: the operation object's `failure`, or problem details (RFC 9457).
#[derive(Deserialize, Default)]
struct RefusalBody {
    failure: Option<Failure>,
    code: Option<String>,
    detail: Option<String>,
}

/// What a response means for the operation that was asked for.
pub(super) fn answer(asked: &OperationRequest, status: u16, body: &[u8]) -> Answer {
    match status {
        200..=202 => match serde_json::from_slice::<OperationReport>(body) {
            Ok(report) if report.id == asked.id && report.kind == asked.kind => Answer::Report(report),
            Ok(_) => Answer::Unknown { reason: "the answer is about another operation".to_owned() },
            Err(_) => Answer::Unknown { reason: format!("status {status} without an operation") },
        },
        409 => Answer::Conflict,
        408 | 429 => Answer::Unknown { reason: format!("status {status}") },
        400..=499 => refusal(status, body),
        _ => Answer::Unknown { reason: format!("status {status}") },
    }
}

/// What a response says about the operation that was asked about.
pub(super) fn inquiry(asked: OperationId, status: u16, body: &[u8]) -> Inquiry {
    match status {
        200..=202 => match serde_json::from_slice::<OperationReport>(body) {
            Ok(report) if report.id == asked => Inquiry::Report(report),
            Ok(_) => Inquiry::Unknown { reason: "the answer is about another operation".to_owned() },
            Err(_) => Inquiry::Unknown { reason: format!("status {status} without an operation") },
        },
        404 => Inquiry::NeverSeen,
        _ => Inquiry::Unknown { reason: format!("status {status}") },
    }
}

fn refusal(status: u16, body: &[u8]) -> Answer {
    let body: RefusalBody = serde_json::from_slice(body).unwrap_or_default();
    match body.failure {
        Some(failure) => Answer::Refused { code: failure.code, message: failure.message },
        None => Answer::Refused {
            code: body.code.unwrap_or_else(|| format!("http_{status}")),
            message: body.detail.unwrap_or_else(|| format!("the payment service answered {status}")),
        },
    }
}
