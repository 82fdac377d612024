//! The one road from a request to its caller: a signature, or the token of a session; then, in one round trip to Redis, whether it counts,
//! whether it may come now, and what is known of what it asks for.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::{
    AuthError, Principal,
    known_keys::{KnownKey, KnownKeys},
    local_rates::LocalRates,
};
use crate::{
    cache::{Admission, AnswerKey, Cache, Entry, Found, OrderKey, Pass, Wanted},
    db::Database,
    domain::{
        ids::{KeyId, OrderId, TenantId},
        permissions::Permission,
        rate::{RateClass, Standing},
        session::Session,
        timestamp::Timestamp,
    },
    secrets::{Keyring, open_session_token},
    signature::{Rejection, RequestParts, Unverified},
    telemetry::metrics::ADMITTED_WITHOUT_REDIS,
};

/// What a request asks for, if something may be kept of it.
#[derive(Debug, Clone, Copy)]
pub enum Sought<'a> {
    /// Nothing is kept of such a thing.
    Nothing,
    /// An effect that an earlier request may have had already.
    Effect {
        /// The function called.
        function: &'a str,
        /// The caller's idempotency key.
        key: &'a str,
    },
    /// A view of an order.
    Order {
        /// Which.
        order: OrderId,
        /// The view's name.
        view: &'static str,
    },
}

/// A request whose caller is known.
#[derive(Debug)]
pub struct Authenticated {
    /// Who calls.
    pub principal: Principal,
    /// Whether it may come now.
    pub standing: Standing,
    /// What is kept of what it asks for.
    pub found: Found,
}

/// Authenticates requests. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator {
    keys: KnownKeys,
    cache: Cache,
    keyring: Arc<Keyring>,
    local_rates: Arc<LocalRates>,
}

impl Authenticator {
    /// Keys from `database`, opened with `keyring`, and the operator's own, without which nobody is operator; nonces, sessions and rates in
    /// `cache`.
    pub fn new(database: Database, cache: Cache, keyring: Arc<Keyring>, operator: Option<&SecretString>) -> Self {
        let keys = KnownKeys::new(database, Arc::clone(&keyring), operator);
        Self { keys, cache, keyring, local_rates: Arc::new(LocalRates::new()) }
    }

    /// Who signed this request.
    ///
    /// # Errors
    /// Any [`AuthError`]. An expired, a revoked and an invented key are refused alike.
    pub fn signed<'a>(
        &'a self,
        parts: &'a RequestParts<'a>,
        sought: Sought<'a>,
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
            let principal = principal(id, &key, Arc::clone(&key.scopes));
            let admitted = self.admit(principal, Pass::Nonce(&verified.nonce), sought, RateClass::of(parts.method)).await;
            admitted.ok_or_else(|| AuthError::Rejected(Rejection::replayed(parts)))
        })
    }

    /// Whose session this is the token of, for a request that reads.
    ///
    /// # Errors
    /// [`AuthError::NoSession`], whatever is wrong with it; a store's failures.
    pub fn in_session<'a>(&'a self, token: &'a str, sought: Sought<'a>, now: Timestamp) -> BoxFuture<'a, Result<Authenticated, AuthError>> {
        Box::pin(async move {
            let session = open_session_token(&self.keyring, token).filter(|session| session.is_valid_at(now));
            let Session { id, key: key_id, scopes, .. } = session.ok_or(AuthError::NoSession)?;
            let key = self.keys.find(key_id).await?.filter(|key| key.is_valid_at(now)).ok_or(AuthError::NoSession)?;
            // A key that has lost a scope meanwhile lends it no longer.
            let scopes: Arc<[Permission]> = scopes.into_iter().filter(|scope| key.scopes.contains(scope)).collect();
            let principal = principal(key_id, &key, scopes);
            let admitted = self.admit(principal, Pass::Session(id), sought, RateClass::Reads).await;
            admitted.ok_or(AuthError::NoSession)
        })
    }

    /// Asks Redis; nothing when it says that the nonce was used or the session was ended. Without Redis neither is known: the request is
    /// let in and counted, and this process alone limits its rate. Refusing everybody would be worse than a replay within the signature's
    /// five minutes, which the idempotency key still makes harmless, or a session that lasts to the end of its quarter of an hour.
    async fn admit(&self, principal: Principal, pass: Pass<'_>, sought: Sought<'_>, class: RateClass) -> Option<Authenticated> {
        let quota = principal.policy.quota(class);
        let wanted = wanted(principal.tenant, sought);
        match self.cache.admit(&Entry { key: principal.key, pass, quota, wanted }).await {
            Ok(Admission::Good(standing, found)) => Some(Authenticated { principal, standing, found }),
            Ok(Admission::Refused) => None,
            Err(error) => {
                metrics::counter!(ADMITTED_WITHOUT_REDIS).increment(1);
                tracing::debug!(error.message = %error, "a request was let in without asking Redis");
                let holder = match pass {
                    Pass::Nonce(_) => principal.key.key,
                    Pass::Session(session) => session.uuid(),
                };
                let standing = self.local_rates.admit(principal.tenant, holder, quota);
                Some(Authenticated { principal, standing, found: Found::Nothing })
            }
        }
    }

    /// Makes a key known as if it had just been looked up: for tests that need no PostgreSQL.
    #[cfg(test)]
    pub(crate) async fn learn(&self, id: KeyId, key: Option<KnownKey>) {
        self.keys.remember(id, key).await;
    }
}

fn wanted(tenant: TenantId, sought: Sought<'_>) -> Wanted<'_> {
    match sought {
        Sought::Nothing => Wanted::Nothing,
        Sought::Effect { function, key } => Wanted::Answer(AnswerKey { tenant, function, key }),
        Sought::Order { order, view } => Wanted::Order(OrderKey { tenant, order, view }),
    }
}

fn principal(id: KeyId, key: &KnownKey, scopes: Arc<[Permission]>) -> Principal {
    Principal { tenant: id.tenant, key: id, scopes, policy: Arc::clone(&key.policy), suspended: key.tenant_suspended }
}
