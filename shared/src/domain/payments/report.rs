//! The payment service's account of one operation: the same object in its answers, its events and its webhooks. One decoder.
//!
//! Only the shape and its plain meaning live here; what an outcome does to an order is decided by `apply_outcome`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::operation::{Failure, NextAction, OperationKind, Outcome};
use crate::domain::{ids::OperationId, money::Amount, text_enum::text_enum, timestamp::Timestamp};

text_enum! {
    /// How far an operation has come at the payment service.
    ReportedStatus {
        /// Under way; an event will tell.
        Pending = "pending",
        /// Done.
        Succeeded = "succeeded",
        /// Refused for good.
        Failed = "failed",
        /// The customer must act first.
        RequiresAction = "requires_action",
    }
}

/// Characters of a name that the payment service gives to something; a report with a longer one is refused.
const NAME_MAX: usize = 255;
/// Characters of an address; a report with a longer one is refused.
const URL_MAX: usize = 2_048;

/// One operation as the payment service reports it. Members that we do not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationReport {
    /// The id that we gave it.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// How far it is.
    pub status: ReportedStatus,
    /// Minor units of `currency`.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The provider's own name for it; unique per payment and kind. At most 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_reference: Option<String>,
    /// Only of a failed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Only of one that requires action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_action: Option<NextAction>,
    /// When it came to this.
    pub occurred_at: Timestamp,
}

/// What the payment service tells of an operation, by the type of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// How far it is.
    Outcome(OperationReport),
    /// An authorization that had succeeded is no more.
    AuthorizationExpired(OperationReport),
    /// A refund that had succeeded came back.
    RefundReversed(OperationReport),
}

impl News {
    /// News of this type (`payment.expired`, without a version) about the operation that a report shows.
    pub fn new(kind: &str, report: OperationReport) -> Self {
        match kind {
            "payment.expired" => Self::AuthorizationExpired(report),
            "refund.reversed" => Self::RefundReversed(report),
            _ => Self::Outcome(report),
        }
    }
}

/// A report that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReport {
    /// Money that moved is more than nothing and within range.
    #[error("the amount {0} is out of range")]
    Amount(i64),
    /// A text that events would have to repeat has no end.
    #[error("{what} has {length} characters, at most {max} are taken")]
    TooLong {
        /// The member.
        what: &'static str,
        /// Its characters.
        length: usize,
        /// How many it may have.
        max: usize,
    },
    /// `requires_action` without saying which.
    #[error("requires_action without a next_action")]
    NoAction,
}

impl OperationReport {
    /// Whether its texts are short enough to be kept and told. (Those of a failure are cut off instead.)
    ///
    /// # Errors
    /// [`InvalidReport::TooLong`].
    pub fn check_texts(&self) -> Result<(), InvalidReport> {
        let action = self.next_action.as_ref();
        for (what, text, max) in [
            ("provider_reference", self.provider_reference.as_deref(), NAME_MAX),
            ("next_action.kind", action.map(|action| action.kind.as_str()), NAME_MAX),
            ("next_action.url", action.and_then(|action| action.url.as_deref()), URL_MAX),
        ] {
            let length = text.map_or(0, |text| text.chars().count());
            if length > max {
                return Err(InvalidReport::TooLong { what, length, max });
            }
        }
        Ok(())
    }

    /// What it means for the operation.
    ///
    /// # Errors
    /// [`InvalidReport`] when it contradicts itself.
    pub fn outcome(&self) -> Result<Outcome, InvalidReport> {
        match self.status {
            ReportedStatus::Pending => Ok(Outcome::Pending),
            ReportedStatus::Succeeded => {
                let amount =
                    Amount::new(self.amount).ok().filter(|amount| amount.is_positive()).ok_or(InvalidReport::Amount(self.amount))?;
                Ok(Outcome::Succeeded { amount, provider_reference: self.provider_reference.clone() })
            }
            ReportedStatus::Failed => Ok(Outcome::Failed(self.failure.clone().unwrap_or_else(unexplained))),
            ReportedStatus::RequiresAction => self.next_action.clone().map(Outcome::RequiresAction).ok_or(InvalidReport::NoAction),
        }
    }
}

fn unexplained() -> Failure {
    Failure { code: "unspecified".to_owned(), message: "the payment service gave no reason".to_owned() }
}
