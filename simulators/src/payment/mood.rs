//! How an operation may go: what each mood refuses, changes, answers and tells. What it does in time is in the parent.

use serde::{Deserialize, Serialize};

use super::{Failure, Kind};

/// The temper of the partner, chosen by the token of a payment's first operation or, for ordinary tokens, for all payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mood {
    /// Succeeds at once.
    Ok,
    /// Fails with `card_declined`.
    Declined,
    /// Succeeds after 2 s.
    Slow,
    /// Succeeds at once, but no POST is answered within 10 s.
    Timeout,
    /// Answers `pending`; the event follows after 300 ms.
    Silent,
    /// Answers `pending` and sends no event: only a GET tells of the success.
    Mute,
    /// Succeeds at once and sends the event three times.
    Duplicate,
    /// Sends the event before the answer.
    EventFirst,
    /// Answers 503 to the first two attempts, then succeeds.
    Error,
    /// Waits for the customer at the address in `next_action`.
    Action,
    /// Takes the operation and never decides it: no POST is answered, a GET says `pending` for ever.
    Never,
    /// Loses every POST on its way, unanswered, until a GET has been told 404; the next POST succeeds.
    Lost,
    /// Answers `pending` until somebody calls the switch `finish`; the event follows then.
    Late,
    /// Succeeds, but every refund fails with `refund_declined`.
    RefundDeclined,
    /// Succeeds, but the first refund of the payment fails with `refund_declined`.
    RefundFlaky,
    /// Succeeds, but every void fails with `void_declined`.
    VoidDeclined,
    /// Succeeds with half of the amount asked of the customer, at least 1.
    Partial,
    /// Succeeds with one minor unit more than the amount asked of the customer.
    Excess,
    /// Answers `pending`; a webhook follows after 300 ms and no event does.
    Webhook,
    /// Succeeds at once, and sends two events and two webhooks as well.
    Twice,
}

/// How often an outcome is told beside the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tellings {
    pub events: usize,
    pub webhooks: usize,
}

impl Mood {
    /// The mood of this name, in kebab case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// The mood a token asks for; ordinary ones (`tok_visa`, none at all) leave it to the payment or the partner.
    pub(super) fn of_token(token: Option<&str>) -> Option<Self> {
        let name = token?.strip_prefix("tok_")?;
        Self::parse(&name.replace('_', "-"))
    }

    /// Whether callers get an answer before they lose patience.
    pub(super) fn answers(self) -> bool {
        !matches!(self, Self::Timeout | Self::Never)
    }

    /// Why it refuses an operation that the books would allow; `refunds` counts those of the payment before this one.
    pub(super) fn refusal(self, kind: Kind, refunds: u32) -> Option<Failure> {
        match (self, kind) {
            (Self::Declined, _) => Some(Failure::new("card_declined", "The card was declined.")),
            (Self::VoidDeclined, Kind::Void) => Some(Failure::new("void_declined", "The authorization cannot be let go.")),
            (Self::RefundDeclined, Kind::Refund) => Some(refund_declined()),
            (Self::RefundFlaky, Kind::Refund) if refunds == 0 => Some(refund_declined()),
            _ => None,
        }
    }

    /// What the customer pays, in minor units, when `asked` was asked of them.
    pub(super) fn amount(self, asked: i64) -> i64 {
        match self {
            Self::Partial if asked > 1 => asked / 2,
            Self::Excess => asked.saturating_add(1),
            _ => asked,
        }
    }

    /// How often it tells of an outcome, by each road.
    pub(super) fn tellings(self) -> Tellings {
        let (events, webhooks) = match self {
            Self::Mute => (0, 0),
            Self::Duplicate => (3, 0),
            Self::Webhook => (0, 1),
            Self::Twice => (2, 2),
            _ => (1, 0),
        };
        Tellings { events, webhooks }
    }
}

fn refund_declined() -> Failure {
    Failure::new("refund_declined", "The refund was declined.")
}
