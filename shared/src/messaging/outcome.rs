//! What a message that took no effect asks for: the four ways in which a message is not simply done.
//!
//! A handler answers `Ok` (done, or done before) or a [`Rejection`]; every carrier turns it into its own settlement, once.

use std::error::Error;

use crate::{commands::CommandError, domain::dead_letter::DeadClass};

/// What becomes of a message that took no effect. Reasons never repeat a value of the message: they are stored and logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Something was in the way: try again in a while.
    Retry {
        /// One sentence.
        reason: String,
    },
    /// It came before what it is about: keep it until that appears.
    Park {
        /// One sentence.
        reason: String,
    },
    /// It can never be applied.
    Dead {
        /// For grouping.
        class: DeadClass,
        /// One sentence.
        reason: String,
    },
    /// PostgreSQL is away or did not answer a COMMIT: there is nowhere to write it down, so the broker keeps it.
    StoreAway {
        /// One sentence.
        reason: String,
    },
}

impl Rejection {
    /// A dead message.
    pub fn dead(class: DeadClass, reason: impl Into<String>) -> Self {
        Self::Dead { class, reason: reason.into() }
    }

    /// As counted and logged.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Park { .. } => "park",
            Self::Dead { .. } => "dead",
            Self::StoreAway { .. } => "store_away",
        }
    }

    /// Why, in one sentence.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason } | Self::Park { reason } | Self::Dead { reason, .. } | Self::StoreAway { reason } => reason,
        }
    }
}

impl From<CommandError> for Rejection {
    fn from(error: CommandError) -> Self {
        let reason = with_causes(&error);
        match error {
            CommandError::OrderBusy
            | CommandError::IdempotencyInProgress
            | CommandError::PartnerUnavailable(_)
            | CommandError::Contended(_)
            | CommandError::Internal(_) => Self::Retry { reason },
            CommandError::NotYetKnown(_) => Self::Park { reason },
            CommandError::Unavailable(_) | CommandError::OutcomeUnknown(_) => Self::StoreAway { reason },
            CommandError::NotFound
            | CommandError::NotAllowed(_)
            | CommandError::Exceeds(_)
            | CommandError::NothingToSettle(_)
            | CommandError::VersionMismatch { .. }
            | CommandError::KeyEnded
            | CommandError::ScopeNotHeld(_)
            | CommandError::Invalid(_)
            | CommandError::Poison(_)
            | CommandError::IdempotencyKeyReused
            | CommandError::DuplicateExternalReference { .. } => Self::dead(DeadClass::Poison, reason),
        }
    }
}

/// An error and what caused it, in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db;

    #[test]
    fn each_error_of_a_command_has_its_outcome() {
        let boxed = || Box::new(std::fmt::Error);
        let table = [
            (CommandError::OrderBusy, "retry"),
            (CommandError::IdempotencyInProgress, "retry"),
            (CommandError::PartnerUnavailable("payment"), "retry"),
            (CommandError::Internal(boxed()), "retry"),
            (CommandError::NotYetKnown("the order"), "park"),
            (CommandError::Unavailable(boxed()), "store_away"),
            (CommandError::OutcomeUnknown(db::Error::CommitUnknown(sqlx::Error::WorkerCrashed)), "store_away"),
            (CommandError::NotFound, "dead"),
            (CommandError::Invalid(Vec::new()), "dead"),
            (CommandError::Poison("no such line".into()), "dead"),
            (CommandError::IdempotencyKeyReused, "dead"),
        ];
        for (error, outcome) in table {
            let text = error.to_string();
            assert_eq!(Rejection::from(error).outcome(), outcome, "{text}");
        }
    }

    #[test]
    fn a_reason_names_its_causes() {
        let error = CommandError::Unavailable(Box::new(db::Error::Unavailable(sqlx::Error::PoolTimedOut)));
        let rejection = Rejection::from(error);
        assert!(rejection.reason().starts_with("a store is not available: PostgreSQL is not available: "), "{rejection:?}");
    }
}
