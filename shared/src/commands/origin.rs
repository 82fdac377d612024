//! Where a command comes from: whose it is, who asked, and the key under which it may take effect once.

use super::CommandError;
use crate::{
    db::orders::InboxKey,
    domain::{actor::Actor, ids::TenantId, order::draft::Timer},
};

/// The circumstances of one command.
#[derive(Debug, Clone)]
pub struct Origin {
    /// From the credential or the verified message, never from a body.
    pub tenant: TenantId,
    /// Named in history.
    pub actor: Actor,
    /// The request id, or the correlation id of the message: joins everything that one request caused.
    pub correlation_id: String,
    /// Id of the message that caused this.
    pub causation_id: Option<String>,
    /// W3C trace context of the cause, passed on into every message: `00-<trace>-<span>-01`.
    pub traceparent: Option<String>,
    /// What makes it happen once.
    pub claim: Claim,
}

/// The key under which an effect happens at most once.
#[derive(Debug, Clone)]
pub enum Claim {
    /// A caller's `Idempotency-Key`.
    Idempotency {
        /// The function called.
        function: &'static str,
        /// The caller's key.
        key: String,
        /// SHA-256 over method, path, raw query and canonical body.
        fingerprint: [u8; 32],
    },
    /// A message, by its CloudEvents identity.
    Inbox {
        /// The consuming function.
        consumer: &'static str,
        /// CloudEvents `source`.
        source: String,
        /// CloudEvents `id`.
        message_id: String,
    },
    /// Nothing of its own: it is the origin of many, each with a claim of its own.
    OfEachLine,
    /// Nothing: a deadline may be acted on twice, because what is done depends on the state alone.
    Deadline,
}

impl Origin {
    /// A deadline that one of our functions acts on.
    pub(super) fn of_deadline(tenant: TenantId, function: &'static str, timer: Timer) -> Self {
        Self {
            tenant,
            actor: Actor::Function(function),
            correlation_id: format!("{}:{}", timer.kind, timer.subject.simple()),
            causation_id: None,
            traceparent: None,
            claim: Claim::Deadline,
        }
    }

    /// The message that this command applies.
    ///
    /// # Errors
    /// [`CommandError::Internal`] when it was not a message that triggered it.
    pub(super) fn inbox_key(&self) -> Result<InboxKey<'_>, CommandError> {
        match &self.claim {
            Claim::Inbox { consumer, source, message_id } => Ok(InboxKey { consumer, source, message_id }),
            Claim::Idempotency { .. } | Claim::OfEachLine | Claim::Deadline => {
                Err(CommandError::Internal("a command that applies messages was called without one".into()))
            }
        }
    }

    /// The caller's key under which this command takes effect.
    ///
    /// # Errors
    /// [`CommandError::Internal`] when it was not a request that triggered it.
    pub(super) fn idempotency_key(&self) -> Result<IdempotencyKey<'_>, CommandError> {
        match &self.claim {
            Claim::Idempotency { function, key, fingerprint } => Ok(IdempotencyKey { function, key, fingerprint }),
            Claim::Inbox { .. } | Claim::OfEachLine | Claim::Deadline => {
                Err(CommandError::Internal("a command that answers requests was called without a key".into()))
            }
        }
    }
}

/// A caller's key, taken out of its claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdempotencyKey<'a> {
    pub(super) function: &'static str,
    pub(super) key: &'a str,
    pub(super) fingerprint: &'a [u8; 32],
}
