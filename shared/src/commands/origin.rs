//! Where a command comes from: whose it is, who asked, and the key under which it may take effect once.

use crate::domain::{actor::Actor, ids::TenantId};

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
}
