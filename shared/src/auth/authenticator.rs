//! The one road from a signed request to its caller.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::{
    AuthError, Principal,
    known_keys::{KnownKey, KnownKeys},
};
use crate::{
    cache::{AnswerKey, Cache, Known},
    db::Database,
    domain::{ids::KeyId, timestamp::Timestamp},
    secrets::Keyring,
    signature::{Rejection, RequestParts, Unverified},
    telemetry::metrics::NONCE_STORE_UNAVAILABLE,
};

/// What makes a request repeatable: the function called and the caller's idempotency key.
#[derive(Debug, Clone, Copy)]
pub struct Repeatable<'a> {
    /// The function.
    pub function: &'a str,
    /// The key.
    pub key: &'a str,
}

/// A request whose caller is known.
#[derive(Debug)]
pub struct Authenticated {
    /// Who calls.
    pub principal: Principal,
    /// The sealed answer of an earlier request under the same idempotency key, if Redis keeps one.
    pub kept_answer: Option<Vec<u8>>,
}

/// Authenticates requests. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator {
    keys: KnownKeys,
    cache: Cache,
}

impl Authenticator {
    /// Keys from `database`, opened with `keyring`, and the operator's own, without which nobody is operator; seen nonces in `cache`.
    pub fn new(database: Database, cache: Cache, keyring: Arc<Keyring>, operator: Option<&SecretString>) -> Self {
        Self { keys: KnownKeys::new(database, keyring, operator), cache }
    }

    /// Who signed this request, and, if it repeats another under this idempotency key, the sealed answer that Redis keeps of that one.
    ///
    /// # Errors
    /// Any [`AuthError`]. An expired, a revoked and an invented key are refused alike.
    pub fn authenticate<'a>(
        &'a self,
        parts: &'a RequestParts<'a>,
        repeatable: Option<Repeatable<'a>>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Authenticated, AuthError>> {
        Box::pin(async move {
            let unverified = Unverified::parse(parts)?;
            // An id that cannot be one goes the whole way too, so that time does not tell it from an unknown one.
            let id = unverified.key_id().parse::<KeyId>().ok();
            let key = match id {
                Some(id) => self.keys.find(id).await?.filter(|key| key.is_valid_at(now)),
                None => None,
            };
            let verified = unverified.verify(key.as_ref().map(|key| key.secret.expose_secret()), now.as_second())?;
            let (Some(id), Some(key)) = (id, key) else {
                return Err(AuthError::Internal("a signature was verified without a key".into()));
            };
            let answer = repeatable.map(|Repeatable { function, key }| AnswerKey { tenant: id.tenant, function, key });
            let known = self.known(id, &verified.nonce, answer).await;
            if !known.nonce_is_new {
                return Err(AuthError::Rejected(Rejection::replayed(parts)));
            }
            Ok(Authenticated { principal: principal(id, &key), kept_answer: known.answer })
        })
    }

    /// What Redis knows of the request. Without Redis every nonce counts as new, and is counted: refusing all requests would be worse
    /// than a replay within the signature's five minutes, which the idempotency key still makes harmless.
    async fn known(&self, id: KeyId, nonce: &str, answer: Option<AnswerKey<'_>>) -> Known {
        match self.cache.admit(id, nonce, answer).await {
            Ok(known) => known,
            Err(error) => {
                metrics::counter!(NONCE_STORE_UNAVAILABLE).increment(1);
                tracing::debug!(error.message = %error, "accepted a request without looking at its nonce");
                Known { nonce_is_new: true, answer: None }
            }
        }
    }

    /// Makes a key known as if it had just been looked up: for tests that need no PostgreSQL.
    #[cfg(test)]
    pub(crate) async fn learn(&self, id: KeyId, key: Option<KnownKey>) {
        self.keys.remember(id, key).await;
    }
}

fn principal(id: KeyId, key: &KnownKey) -> Principal {
    Principal {
        tenant: id.tenant,
        key: id,
        scopes: Arc::clone(&key.scopes),
        policy: Arc::clone(&key.policy),
        suspended: key.tenant_suspended,
    }
}
