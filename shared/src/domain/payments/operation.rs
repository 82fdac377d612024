//! The real machine of a payment: one operation, `requested → sent → succeeded | failed | unknown`.
//!
//! A timeout is never a failure: it makes the operation `unknown`, and only a definitive answer leads out. Money is a fact: a
//! success after a failure counts, a failure after a success does not.

use super::Capture;
use crate::domain::{
    ids::{OperationId, PaymentId},
    money::Amount,
    text_enum::text_enum,
    timestamp::Timestamp,
};

text_enum! {
    /// What is asked of the payment service.
    OperationKind {
        /// Set money aside.
        Authorize = "authorize",
        /// Take it.
        Capture = "capture",
        /// Let what was set aside go.
        Void = "void",
        /// Give it back.
        Refund = "refund",
    }
}

text_enum! {
    /// How far an operation has come.
    OperationState {
        /// Decided, not yet on its way.
        Requested = "requested",
        /// On its way; callers still see `requested`.
        Sent = "sent",
        /// The money moved.
        Succeeded = "succeeded",
        /// The payment service refused.
        Failed = "failed",
        /// Nobody answered: it may have happened or not.
        Unknown = "unknown",
    }
}

impl OperationState {
    /// As others see it: that it is on its way is ours to know.
    #[must_use]
    pub const fn shown(self) -> Self {
        match self {
            Self::Sent => Self::Requested,
            other => other,
        }
    }

    /// Money may still move.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Sent | Self::Unknown)
    }
}

text_enum! {
    /// Why a person must look at an operation.
    Attention {
        /// Two definitive answers disagree.
        ConflictingOutcome = "conflicting_outcome",
        /// Other money moved than was asked for.
        AmountDiffers = "amount_differs",
        /// The payment service gave it the reference of another operation of the same tender.
        SharedReference = "shared_reference",
        /// The payment service was asked for the last time and still does not know.
        Unanswered = "unanswered",
        /// Money that we owe could not be given back, as often as we try.
        RefundFailed = "refund_failed",
        /// What was set aside could not be let go, as often as we try.
        VoidFailed = "void_failed",
        /// The provider brought a refund back: we owe it again.
        RefundReversed = "refund_reversed",
        /// What was set aside for an order that is under way has expired.
        AuthorizationExpired = "authorization_expired",
    }
}

/// Why the payment service refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = PaymentFailure)]
pub struct Failure {
    /// Stable: `card_declined`. Cut off after 64 characters.
    pub code: String,
    /// For a person. Cut off after 1,000 characters.
    pub message: String,
}

/// Characters of a failure's code that are kept.
const CODE_MAX: usize = 64;
/// Characters of a failure's message that are kept: events repeat it, and have their limit.
const MESSAGE_MAX: usize = 1_000;

impl Failure {
    /// With what is too long cut off: its texts are for reading, and a failure is a fact however long it is told.
    #[must_use]
    pub fn clipped(self) -> Self {
        let clip = |text: String, max| if text.chars().count() > max { text.chars().take(max).collect() } else { text };
        Self { code: clip(self.code, CODE_MAX), message: clip(self.message, MESSAGE_MAX) }
    }
}

/// What the customer must do before the operation can go on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct NextAction {
    /// `redirect`, …
    pub kind: String,
    /// Where, if it happens in a browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One operation on a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its id, and its idempotency key at the payment service.
    pub id: OperationId,
    /// The tender it works on.
    pub payment: PaymentId,
    /// What is asked.
    pub kind: OperationKind,
    /// How far it has come.
    pub state: OperationState,
    /// What was asked for.
    pub amount: Amount,
    /// What really moved, once it succeeded.
    pub settled_amount: Option<Amount>,
    /// The payment service's own reference of the movement.
    pub provider_reference: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What the customer must do.
    pub next_action: Option<NextAction>,
    /// The order has no more use for the money: as soon as it arrives it goes back.
    pub reverse_on_success: bool,
    /// Two definitive answers disagree, for ever.
    pub conflicted: bool,
    /// Why a person must look, until one has.
    pub attention: Option<Attention>,
    /// Of a refund: the part that was granted with it and is taken back if it fails. The rest was owed already and stays owed.
    pub granted: Amount,
    /// Of a capture: it is the tender's last, and what is left of the authorization goes.
    pub is_final: bool,
    /// When a success came undone: of an authorization that expired, of a refund that was reversed.
    pub undone_at: Option<Timestamp>,
    /// When it was decided.
    pub requested_at: Timestamp,
    /// When it was first put on its way.
    pub sent_at: Option<Timestamp>,
    /// When its definitive answer came.
    pub settled_at: Option<Timestamp>,
}

/// What became of an operation, whichever road the news took: an answer, an event, a webhook or a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The money moved.
    Succeeded {
        /// How much.
        amount: Amount,
        /// The payment service's reference.
        provider_reference: Option<String>,
    },
    /// The payment service refused, definitively.
    Failed(Failure),
    /// The customer must act first.
    RequiresAction(NextAction),
    /// Accepted; the outcome comes later.
    Pending,
    /// Nobody answered in time.
    Unknown,
}

/// What an outcome means for an operation in its present state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// News: apply it.
    Apply,
    /// Known already, or less than what is known: nothing changes.
    Ignore,
    /// It contradicts a success: keep the success, mark the operation, call a person.
    Conflict,
}

impl Operation {
    /// A fresh one, not yet on its way.
    pub fn requested(id: OperationId, payment: PaymentId, kind: OperationKind, amount: Amount, now: Timestamp) -> Self {
        Self {
            id,
            payment,
            kind,
            state: OperationState::Requested,
            amount,
            settled_amount: None,
            provider_reference: None,
            failure: None,
            next_action: None,
            reverse_on_success: false,
            conflicted: false,
            attention: None,
            granted: Amount::ZERO,
            is_final: false,
            undone_at: None,
            requested_at: now,
            sent_at: None,
            settled_at: None,
        }
    }

    /// It is a tender's first: the one that brings its money, by setting it aside or by taking it at once.
    pub const fn brings_money(&self, capture: Capture) -> bool {
        matches!((self.kind, capture), (OperationKind::Authorize, _) | (OperationKind::Capture, Capture::Automatic))
    }

    /// It is under way, or a person has something to settle about it.
    pub const fn can_be_resolved(&self) -> bool {
        self.state.is_open() || self.attention.is_some()
    }

    /// Judges an outcome. Pure, and the same whichever road it came and however often.
    pub fn judge(&self, outcome: &Outcome) -> Verdict {
        match (self.state, outcome) {
            (OperationState::Succeeded, Outcome::Succeeded { amount, provider_reference }) => {
                // A void lets go whatever is left, however much was asked for.
                let other_amount = self.kind != OperationKind::Void && self.settled_amount != Some(*amount);
                let other_reference = provider_reference.is_some() && *provider_reference != self.provider_reference;
                if !self.conflicted && (other_amount || other_reference) { Verdict::Conflict } else { Verdict::Ignore }
            }
            (OperationState::Succeeded, Outcome::Failed(_)) if !self.conflicted => Verdict::Conflict,
            (OperationState::Succeeded, _) | (OperationState::Failed, Outcome::Failed(_)) => Verdict::Ignore,
            (OperationState::Failed, Outcome::Succeeded { .. }) => Verdict::Apply,
            (OperationState::Failed, _) | (_, Outcome::Pending) | (OperationState::Unknown, Outcome::Unknown) => Verdict::Ignore,
            (_, Outcome::RequiresAction(action)) if self.next_action.as_ref() == Some(action) => Verdict::Ignore,
            (OperationState::Requested | OperationState::Sent | OperationState::Unknown, _) => Verdict::Apply,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn operation(state: OperationState) -> Operation {
        let mut operation = Operation::requested(
            OperationId::new(Uuid::from_u128(1)),
            PaymentId::new(Uuid::from_u128(2)),
            OperationKind::Capture,
            Amount::new(100).unwrap(),
            Timestamp::from_microsecond(0),
        );
        operation.state = state;
        if state == OperationState::Succeeded {
            operation.settled_amount = Some(operation.amount);
            operation.provider_reference = Some("ref".to_owned());
        }
        operation
    }

    fn success(amount: i64, reference: &str) -> Outcome {
        Outcome::Succeeded { amount: Amount::new(amount).unwrap(), provider_reference: Some(reference.to_owned()) }
    }

    fn failure() -> Outcome {
        Outcome::Failed(Failure { code: "card_declined".to_owned(), message: String::new() })
    }

    #[test]
    fn an_open_operation_takes_every_definitive_answer() {
        for state in [OperationState::Requested, OperationState::Sent, OperationState::Unknown] {
            assert_eq!(operation(state).judge(&success(100, "ref")), Verdict::Apply);
            assert_eq!(operation(state).judge(&failure()), Verdict::Apply);
            assert_eq!(operation(state).judge(&Outcome::Pending), Verdict::Ignore);
        }
    }

    #[test]
    fn money_is_a_fact() {
        assert_eq!(operation(OperationState::Failed).judge(&success(100, "ref")), Verdict::Apply);
        assert_eq!(operation(OperationState::Succeeded).judge(&failure()), Verdict::Conflict);
        assert_eq!(operation(OperationState::Succeeded).judge(&Outcome::Unknown), Verdict::Ignore);
    }

    #[test]
    fn a_repeat_is_nothing_and_another_amount_is_a_conflict_once() {
        let mut settled = operation(OperationState::Succeeded);
        assert_eq!(settled.judge(&success(100, "ref")), Verdict::Ignore);
        assert_eq!(settled.judge(&success(99, "ref")), Verdict::Conflict);
        assert_eq!(settled.judge(&success(100, "other")), Verdict::Conflict);
        settled.conflicted = true;
        assert_eq!(settled.judge(&success(99, "ref")), Verdict::Ignore);
    }
}
