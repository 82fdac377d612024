//! The contract: what an operation request says and what an operation looks like in answers and events.

use serde::{Deserialize, Serialize};

use super::Mood;

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
    /// The payment token, which also chooses the mood.
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
    /// In minor units, as requested.
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

    /// The operation as it ends in this mood.
    pub(super) fn outcome(&self, mood: Mood, public_url: &str) -> Operation {
        let operation = self.pending();
        match mood {
            Mood::Declined => {
                let failure = Failure { code: "card_declined".into(), message: "The card was declined.".into() };
                Operation { status: Status::Failed, failure: Some(failure), ..operation }
            }
            Mood::Action => {
                let url = format!("{public_url}/simulator/actions/{}", self.id);
                let next_action = Some(NextAction { kind: "redirect".into(), url });
                Operation { status: Status::RequiresAction, next_action, ..operation }
            }
            _ => Operation { status: Status::Succeeded, ..operation },
        }
    }
}

impl Operation {
    /// The type of the event that tells of it; none while it is pending.
    pub(super) fn event_type(&self) -> Option<&'static str> {
        Some(match (self.status, self.kind) {
            (Status::Pending, _) => return None,
            (Status::RequiresAction, _) => "payment.requires_action.v1",
            (Status::Succeeded, Kind::Authorize) => "payment.authorized.v1",
            (Status::Succeeded, Kind::Capture) => "payment.captured.v1",
            (Status::Succeeded, Kind::Void) => "payment.voided.v1",
            (Status::Succeeded, Kind::Refund) => "refund.succeeded.v1",
            (Status::Failed, Kind::Refund) => "refund.failed.v1",
            (Status::Failed, _) => "payment.failed.v1",
        })
    }
}
