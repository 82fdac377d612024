//! Redis: the fast road beside PostgreSQL, never the only copy of anything and never a lock for money.
//!
//! Every call answers within [`RESPONSE_TIMEOUT`] or fails as [`Unavailable`]; after a few failures in a row the
//! [`Breaker`] spares requests the wait. Callers decide what they do without Redis; nobody may refuse a request for it.
//! Keys of one tenant share a hash tag, so that one pipeline can serve a request once this is a cluster. The key formats live
//! beside their commands ([`admission`], [`answers`], [`bells`]); no other room writes a Redis command.

mod admission;
mod answers;
mod bells;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{
    Client, Cmd, FromRedisValue, Pipeline, RedisResult, Value,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::{ExposeSecret, SecretString};

pub use self::{admission::Known, answers::AnswerKey};
use crate::breaker::Breaker;

/// How long a caller waits for Redis, connecting included. Beyond it the call failed.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(150);

/// Failures in a row after which Redis is not asked for a while.
const FAILURES_TO_OPEN: u32 = 3;

/// How long it is not asked; then one caller tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// Attempts to connect beyond the first within one call: none, because the breaker's probe is the next attempt.
const CONNECTION_RETRIES: usize = 0;

/// `REDIS_URL` is not a Redis URL.
#[derive(Debug, thiserror::Error)]
#[error("not a Redis URL")]
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

/// A connection to Redis that comes up when it is first needed and comes back by itself. Cheap to clone.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    client: Client,
    /// Made by the first command, when a runtime surely exists for its reconnecting task.
    connection: Mutex<Option<ConnectionManager>>,
    breaker: Breaker,
}

impl Cache {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error`] when the URL is not one.
    pub fn new(url: &SecretString) -> Result<Self, Error> {
        let client = Client::open(url.expose_secret()).map_err(Error)?;
        Ok(Self(Arc::new(Inner { client, connection: Mutex::new(None), breaker: Breaker::new(FAILURES_TO_OPEN, PAUSE) })))
    }

    /// Whether Redis answered when it was last asked; asks nothing itself.
    pub fn is_available(&self) -> bool {
        self.0.breaker.is_closed()
    }

    /// Runs one command.
    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Unavailable> {
        self.within_limits(async |mut connection| command.query_async(&mut connection).await).await
    }

    /// Runs several commands in one round trip; one answer each.
    async fn query_pipeline(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Unavailable> {
        self.within_limits(async |mut connection| pipeline.query_async(&mut connection).await).await
    }

    /// Asks within the time limit, and tells the breaker how it went.
    async fn within_limits<T>(&self, ask: impl AsyncFnOnce(ConnectionManager) -> RedisResult<T>) -> Result<T, Unavailable> {
        if !self.0.breaker.admits() {
            return Err(Unavailable::Spared);
        }
        // A caller who hangs up here leaves the breaker as it was: at worst one probe more.
        let asked = async { ask(self.0.connection()?).await };
        let outcome = match tokio::time::timeout(RESPONSE_TIMEOUT, asked).await {
            Ok(answer) => answer.map_err(Unavailable::Failed),
            Err(_) => Err(Unavailable::TimedOut),
        };
        match &outcome {
            Ok(_) => self.0.breaker.succeeded(),
            Err(_) => self.0.note_failure(),
        }
        outcome
    }
}

impl Inner {
    fn connection(&self) -> RedisResult<ConnectionManager> {
        let mut slot = self.slot();
        if let Some(connection) = &*slot {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(CONNECTION_RETRIES)
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connection = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(slot.insert(connection).clone())
    }

    /// Tells the breaker. Once it is open the connection is given up, so that the probe dials anew: a peer that fell silent would
    /// otherwise hold the old connection until TCP gives up, which takes minutes.
    fn note_failure(&self) {
        self.breaker.failed();
        if !self.breaker.is_closed() {
            *self.slot() = None;
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<ConnectionManager>> {
        // A panic under this lock leaves a slot that is whole: filled or empty.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
