//! The way to Redis: its addresses, and one connection that many requests share.
//!
//! Connecting happens in a task of its own: a caller waits for it no longer than for an answer, and a slow handshake still comes to its
//! end for those who follow.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use redis::{
    AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo as _, Pipeline, ProtocolVersion, RedisError, RedisFuture, RedisResult, Value,
    aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
};
use secrecy::{ExposeSecret, SecretString};

use super::RESPONSE_TIMEOUT;

/// A connection that is not there by then is given up.
const DIAL_LIMIT: Duration = Duration::from_secs(3);

/// How often the cluster client follows a redirection or tries another node, all within [`RESPONSE_TIMEOUT`].
const CLUSTER_RETRIES: u32 = 3;
/// Its first pause between tries, in milliseconds.
const CLUSTER_RETRY_MIN_MS: u64 = 5;
/// Its longest.
const CLUSTER_RETRY_MAX_MS: u64 = 40;

/// What separates the nodes of a cluster in `REDIS_URL`.
const SEPARATOR: char = ',';

pub(super) struct Link {
    urls: SecretString,
    target: Target,
    state: Mutex<State>,
}

enum Target {
    Single(Box<Client>),
    Cluster(Box<ClusterClient>),
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// The attempt under way.
    dial: Option<Dial>,
}

type Dial = Shared<BoxFuture<'static, RedisResult<Connection>>>;

/// One server, or all of a cluster. Cheap to clone: commands of all clones travel together.
#[derive(Clone)]
pub(super) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Link {
    /// Connects to nothing yet.
    pub(super) fn new(urls: &SecretString) -> RedisResult<Self> {
        let target = match nodes(urls).as_slice() {
            [url] => Target::Single(Box::new(Client::open(*url)?)),
            nodes => Target::Cluster(Box::new(cluster(nodes).build()?)),
        };
        Ok(Self { urls: urls.clone(), target, state: Mutex::default() })
    }

    /// A connection of its own that hands `push` whatever Redis says unasked, its end included.
    ///
    /// # Errors
    /// Nobody answers there.
    pub(super) async fn listen(&self, push: impl AsyncPushSender) -> RedisResult<Connection> {
        let connecting = async {
            match nodes(&self.urls).as_slice() {
                [url] => {
                    let info = url.into_connection_info()?;
                    let spoken = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
                    let client = Client::open(info.set_redis_settings(spoken))?;
                    let config = limits().set_push_sender(push);
                    Ok(Connection::Single(client.get_multiplexed_async_connection_with_config(&config).await?))
                }
                nodes => {
                    let client = cluster(nodes).use_protocol(ProtocolVersion::RESP3).push_sender(push).build()?;
                    Ok(Connection::Cluster(client.get_async_connection().await?))
                }
            }
        };
        tokio::time::timeout(DIAL_LIMIT, connecting).await.unwrap_or_else(|_| Err(given_up()))
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.target, Target::Cluster(_))
    }

    /// The connection; if there is none, the one that comes of dialling, which callers who come meanwhile share.
    ///
    /// # Errors
    /// Nobody answers there.
    pub(super) async fn connection(self: &Arc<Self>) -> RedisResult<Connection> {
        let dial = {
            let mut state = self.state();
            match &state.connection {
                Some(connection) => return Ok(connection.clone()),
                None => self.dial(&mut state),
            }
        };
        dial.await
    }

    /// Dials anew, because what there is has failed again and again. A single server's connection is of no use any more: a peer that fell
    /// silent would hold it until TCP gives up, which takes minutes. A cluster's still reaches the other shards, so it serves until the
    /// new one, which asks for the cluster's shape again, is there.
    pub(super) fn renew(self: &Arc<Self>) {
        let mut state = self.state();
        if matches!(self.target, Target::Single(_)) {
            state.connection = None;
        }
        // Whoever needs the connection joins the dial.
        drop(self.dial(&mut state));
    }

    fn dial(self: &Arc<Self>, state: &mut State) -> Dial {
        if let Some(dial) = &state.dial {
            return dial.clone();
        }
        let link = Arc::clone(self);
        let task = tokio::spawn(async move {
            let connected = link.connect().await;
            let mut state = link.state();
            state.dial = None;
            if let Ok(connection) = &connected {
                state.connection = Some(connection.clone());
            }
            connected
        });
        let dial = task.map(|ended| ended.unwrap_or_else(|_| Err(given_up()))).boxed().shared();
        state.dial.insert(dial).clone()
    }

    async fn connect(&self) -> RedisResult<Connection> {
        let connecting = async {
            match &self.target {
                Target::Single(client) => Ok(Connection::Single(client.get_multiplexed_async_connection_with_config(&limits()).await?)),
                Target::Cluster(client) => Ok(Connection::Cluster(client.get_async_connection().await?)),
            }
        };
        tokio::time::timeout(DIAL_LIMIT, connecting).await.unwrap_or_else(|_| Err(given_up()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics under this lock, and its two parts are whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The addresses in `REDIS_URL`.
fn nodes(urls: &SecretString) -> Vec<&str> {
    urls.expose_secret().split(SEPARATOR).map(str::trim).collect()
}

fn limits() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(DIAL_LIMIT)).set_response_timeout(Some(RESPONSE_TIMEOUT))
}

fn cluster(nodes: &[&str]) -> ClusterClientBuilder {
    ClusterClient::builder(nodes.iter().copied())
        .connection_timeout(DIAL_LIMIT)
        .response_timeout(RESPONSE_TIMEOUT)
        .retries(CLUSTER_RETRIES)
        .min_retry_wait(CLUSTER_RETRY_MIN_MS)
        .max_retry_wait(CLUSTER_RETRY_MAX_MS)
}

impl Connection {
    /// Listens to a channel.
    pub(super) async fn ssubscribe(&mut self, channel: &str) -> RedisResult<()> {
        match self {
            Self::Single(connection) => redis::cmd("SSUBSCRIBE").arg(channel).exec_async(connection).await,
            Self::Cluster(connection) => connection.ssubscribe(channel).await,
        }
    }

    /// Listens to it no longer.
    pub(super) async fn sunsubscribe(&mut self, channel: &str) -> RedisResult<()> {
        match self {
            Self::Single(connection) => redis::cmd("SUNSUBSCRIBE").arg(channel).exec_async(connection).await,
            Self::Cluster(connection) => connection.sunsubscribe(channel).await,
        }
    }
}

fn given_up() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(&'a mut self, pipeline: &'a Pipeline, offset: usize, count: usize) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
