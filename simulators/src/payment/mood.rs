//! How an operation may go.

use serde::{Deserialize, Serialize};

/// The temper of the partner, chosen by an operation's token or, for ordinary tokens, for all operations.
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
}

impl Mood {
    /// The mood of this name, in kebab case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// The mood a token asks for; ordinary ones (`tok_visa`, none at all) leave it to the partner.
    pub(super) fn of_token(token: Option<&str>) -> Option<Self> {
        let name = token?.strip_prefix("tok_")?;
        Self::parse(&name.replace('_', "-"))
    }
}
