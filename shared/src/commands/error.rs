//! Why a command did not take effect, free of any transport. Each transport converts it exhaustively, once.

use crate::{
    cache, db,
    domain::{
        ids::OrderId,
        invalid::FieldError,
        order::{
            actions::NotAllowed,
            draft::{Exceeded, Refusal},
        },
        permissions::Permission,
    },
};

/// A command that changed nothing (but see [`CommandError::OutcomeUnknown`]).
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No such thing in this tenant.
    #[error("not found")]
    NotFound,
    /// Nobody holds the key any more, so nobody can hold its successor.
    #[error("the key has expired or was revoked")]
    KeyEnded,
    /// The calling key would gain what it may not do.
    #[error("the calling key lacks {0}")]
    ScopeNotHeld(Permission),
    /// The request fits its shape and means something impossible: every error found.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
    /// The order does not allow it now.
    #[error("{} is not allowed", .0.action)]
    NotAllowed(Box<NotAllowed>),
    /// More was asked for than there is.
    #[error(transparent)]
    Exceeds(Exceeded),
    /// A person wants to settle what needs no settling.
    #[error("{0}")]
    NothingToSettle(&'static str),
    /// The caller's change is based on another version.
    #[error("the version is {current}")]
    VersionMismatch {
        /// The version there is.
        current: u64,
    },
    /// Another request with this key is under way.
    #[error("a request with this key is under way")]
    IdempotencyInProgress,
    /// The key belongs to a different request.
    #[error("the key was used for another request")]
    IdempotencyKeyReused,
    /// Another change of this order is under way.
    #[error("another change of this order is under way")]
    OrderBusy,
    /// The tenant's reference already names an order.
    #[error("the external reference is taken")]
    DuplicateExternalReference {
        /// The order that has it.
        order: OrderId,
    },
    /// PostgreSQL could not serialise it against others, repeatedly: nothing happened, try again.
    #[error("too much contention")]
    Contended(#[source] db::Error),
    /// A message about an order or operation that does not exist yet.
    #[error("{0} is not known yet")]
    NotYetKnown(&'static str),
    /// A message that can never be applied.
    #[error("{0}")]
    Poison(String),
    /// Try again later: PostgreSQL is away or overloaded, or Redis is, where there is nothing to be done without it.
    #[error("a store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Try again later: the partner is away, and nothing was sent to it.
    #[error("the partner is not available: {0}")]
    PartnerUnavailable(&'static str),
    /// COMMIT was not answered: retry with the same key.
    #[error("the outcome is not known")]
    OutcomeUnknown(#[source] db::Error),
    /// Ours to mend.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl CommandError {
    /// Redis is away, and what was asked for exists nowhere else.
    pub(super) fn without_redis(error: cache::Unavailable) -> Self {
        Self::Unavailable(error.into())
    }

    /// What a statement came to that locks a row which is neither an order nor a claim: whoever waited too long may come back.
    pub(super) fn while_locking(error: db::Error) -> Self {
        match error {
            db::Error::LockTimeout(_) => Self::Contended(error),
            other => other.into(),
        }
    }
}

impl From<db::Error> for CommandError {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Unavailable(_) => Self::Unavailable(Box::new(error)),
            db::Error::Serialization(_) => Self::Contended(error),
            db::Error::CommitUnknown(_) => Self::OutcomeUnknown(error),
            db::Error::LockTimeout(db::LockWait::Claim) => Self::IdempotencyInProgress,
            db::Error::LockTimeout(db::LockWait::Order) => Self::OrderBusy,
            db::Error::Constraint(..) | db::Error::Unexpected(_) => Self::Internal(Box::new(error)),
        }
    }
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAllowed(refused) => Self::NotAllowed(refused),
            Refusal::Exceeds(exceeded) => Self::Exceeds(exceeded),
            Refusal::NothingToSettle(why) => Self::NothingToSettle(why),
            Refusal::Invalid(errors) => Self::Invalid(errors),
            Refusal::NotYetKnown(what) => Self::NotYetKnown(what),
            Refusal::Contradiction(why) => Self::Poison(why),
            // The domain tests the state before it takes a row, and amounts were checked when the order was placed.
            Refusal::IllegalTransition { .. } | Refusal::Overflow(_) => Self::Internal(Box::new(refusal)),
        }
    }
}
