//! The contract: what an operation request says and what an operation looks like in answers and events.

use serde::{Deserialize, Serialize};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Reserves money.
    Authorize,
    /// Takes money.
    Capture,
    /// Lets an authorization go.
    Void,
    /// Gives money back.
    Refund,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not decided yet.
    Pending,
    /// Done, for good.
    Succeeded,
    /// Refused, for good.
    Failed,
    /// Waiting for the customer.
    RequiresAction,
}

/// The body of `POST /v1/operations`; members we do not know belong to its identity all the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The caller's id of the operation: `op_…`, also its `Idempotency-Key`.
    pub id: String,
    /// What to do.
    pub kind: Kind,
    /// The tenant: `ten_…`.
    pub tenant_id: String,
    /// The order: `ord_…`.
    pub order_id: String,
    /// The tender: `pay_…`.
    pub payment_id: String,
    /// In minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The payment token, which also chooses the mood; only with a payment's first operation.
    #[serde(default, skip_serializing)]
    pub token: Option<String>,
    /// Everything else that was sent.
    #[serde(flatten, skip_serializing)]
    pub others: serde_json::Map<String, serde_json::Value>,
}

/// An operation as answers and events show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// As requested.
    pub id: String,
    /// As requested.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// In minor units; of a success, what took effect.
    pub amount: i64,
    /// As requested.
    pub currency: String,
    /// Our own name for it.
    pub provider_reference: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the customer has to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_action: Option<NextAction>,
    /// When it came to stand there, RFC 3339.
    pub occurred_at: String,
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

/// What the customer has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// Always `redirect`.
    pub kind: String,
    /// Where; opening the address completes the operation.
    pub url: String,
}

impl Request {
    /// The operation while nothing is decided.
    pub(super) fn pending(&self) -> Operation {
        Operation {
            id: self.id.clone(),
            kind: self.kind,
            status: Status::Pending,
            amount: self.amount,
            currency: self.currency.clone(),
            provider_reference: format!("sim_{}", self.id),
            failure: None,
            next_action: None,
            occurred_at: jiff::Timestamp::now().to_string(),
        }
    }

    /// The operation when the customer has to do something at `url`.
    pub(super) fn waiting(&self, url: String) -> Operation {
        let next_action = NextAction { kind: "redirect".to_owned(), url };
        Operation { status: Status::RequiresAction, next_action: Some(next_action), ..self.pending() }
    }

    /// The operation when it took effect with this amount, in minor units.
    pub(super) fn succeeded(&self, amount: i64) -> Operation {
        Operation { status: Status::Succeeded, amount, ..self.pending() }
    }

    /// The operation when it was refused for good.
    pub(super) fn failed(&self, failure: Failure) -> Operation {
        Operation { status: Status::Failed, failure: Some(failure), ..self.pending() }
    }
}

impl Failure {
    pub(super) fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }
}
