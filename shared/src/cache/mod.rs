//! Redis: the fast road beside PostgreSQL, never the only copy of anything that matters and never a lock for money.
//!
//! One server or a cluster ([`link`]). Every call answers within [`RESPONSE_TIMEOUT`] or fails as [`Unavailable`]; after a few failures in
//! a row a breaker spares requests the wait. Callers decide what they do without Redis; nobody may refuse a signed request for it.
//!
//! | key | holds | for |
//! |---|---|---|
//! | `n:{tenant}:key:nonce` | a signature's nonce, by the attempt that used it | 11 min |
//! | `l:{tenant}:key:class`, `l:{tenant}:class` | when the next request of a key, of a tenant is due (GCRA) | ≤ 1 s |
//! | `o:{tenant}:order` | an order's newest known version, and its sealed views | 30 s ± 20 % |
//! | `i:{tenant}:function:key` | a sealed answer that was replayed before | 24 h |
//! | `s:{tenant}:session` | a session that nobody has ended | 15 min |
//! | `e:{tenant}` | no key but a channel: the bell of live views | – |
//!
//! Ids stand in keys as 32 hex digits. The braces are the hash tag: what is a tenant's lies in one slot, so that one script serves a whole
//! request ([`admission`]), and one shard is a tenant's ceiling. The cluster client sends a command again whose connection broke, so each
//! script may be applied twice. No other room writes a Redis command.

mod admission;
mod answers;
mod bells;
mod link;
mod orders;
mod script;
mod sessions;
mod shards;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use redis::{Cmd, FromRedisValue, RedisResult};
use secrecy::SecretString;

pub use self::{
    admission::{Admission, Entry, Found, Pass, Wanted},
    answers::AnswerKey,
    bells::Bells,
    orders::{OrderKey, SealedView},
};
use self::{link::Link, script::Script, shards::Shards};
use crate::domain::ids::TenantId;

/// How long a caller waits for Redis, connecting included. Beyond it the call failed.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(150);

/// `REDIS_URL` is not a list of Redis URLs.
#[derive(Debug, thiserror::Error)]
#[error("not a list of Redis URLs with the same user and password")]
pub struct Error(#[source] redis::RedisError);

/// Redis did not answer in time, or is being spared: the caller goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// It failed a moment ago; the breaker keeps requests from waiting for it.
    #[error("Redis failed a moment ago and is not asked")]
    Spared,
    /// No answer within the limit.
    #[error("Redis did not answer within {} ms", RESPONSE_TIMEOUT.as_millis())]
    TimedOut,
    /// Refused, disconnected, or an answer that is none.
    #[error("Redis failed")]
    Failed(#[source] redis::RedisError),
}

impl Unavailable {
    /// Whether the connection is broken, so that waiting for an answer over it is of no use.
    fn is_of_the_connection(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_unrecoverable_error())
    }
}

/// A connection to Redis that comes up when it is first needed and comes back by itself. Cheap to clone.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    link: Arc<Link>,
    shards: Shards,
}

impl Cache {
    /// One URL, or several with commas between them: nodes of a cluster. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error`] when one of them is no Redis URL, or the nodes of a cluster ask for different credentials.
    pub fn new(urls: &SecretString) -> Result<Self, Error> {
        let link = Link::new(urls).map_err(Error)?;
        let shards = if link.is_cluster() { Shards::of_a_cluster() } else { Shards::single() };
        Ok(Self(Arc::new(Inner { link: Arc::new(link), shards })))
    }

    /// Whether every part of Redis answered when it was last asked; asks nothing itself.
    pub fn is_available(&self) -> bool {
        self.0.shards.all_closed()
    }

    /// Runs one command about a tenant's keys.
    async fn query<T: FromRedisValue>(&self, tenant: TenantId, command: &Cmd) -> Result<T, Unavailable> {
        self.within_limits(tenant, async |mut connection| command.query_async(&mut connection).await).await
    }

    /// Runs a script over a tenant's keys.
    async fn run<T: FromRedisValue>(&self, tenant: TenantId, script: &Script, call: &Cmd) -> Result<T, Unavailable> {
        self.within_limits(tenant, async |mut connection| script.run(&mut connection, call).await).await
    }

    /// Asks within the time limit, and tells the shard's breaker how it went.
    async fn within_limits<T>(
        &self,
        tenant: TenantId,
        ask: impl AsyncFnOnce(link::Connection) -> RedisResult<T>,
    ) -> Result<T, Unavailable> {
        let breaker = self.0.shards.breaker(tenant);
        if !breaker.admits() {
            return Err(Unavailable::Spared);
        }
        // A caller who hangs up here leaves the breaker as it was: at worst one probe more.
        let asked = async { ask(Link::connection(&self.0.link).await?).await };
        let outcome = match tokio::time::timeout(RESPONSE_TIMEOUT, asked).await {
            Ok(answer) => answer.map_err(Unavailable::Failed),
            Err(_) => Err(Unavailable::TimedOut),
        };
        match &outcome {
            Ok(_) => breaker.succeeded(),
            Err(error) => {
                breaker.failed();
                if error.is_of_the_connection() || !breaker.is_closed() {
                    Link::renew(&self.0.link);
                }
            }
        }
        outcome
    }
}

/// The hash tag of a tenant's keys.
fn tag(tenant: TenantId) -> String {
    format!("{{{}}}", tenant.uuid().simple())
}
