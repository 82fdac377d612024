//! Why a caller could not be authenticated, free of any transport.

use crate::signature::Rejection;

/// A request whose caller is not known.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The signature or its key is not good.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The token of a session is none of ours, or the session has ended.
    #[error("there is no such session")]
    NoSession,
    /// The store of keys is away: nothing is known about the key.
    #[error("the store of keys is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Ours to mend: a key that cannot be read.
    #[error("a stored key cannot be read")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}
