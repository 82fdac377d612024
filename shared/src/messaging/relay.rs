//! The relay: outbox → broker, at least once, in order within each order.
//!
//! Relays share the outbox by shards under session advisory locks. Within its shards a relay sends the head of every order at once
//! and an order's next message only after the confirm of the one before. A message is marked after its confirm, never earlier; what
//! was sent but not marked is sent again, and consumers drop the repeat.
//!
//! Here is the relay's standing: its link to the broker, its session and its shards. `pipeline` does the work, `window` knows what is
//! under way in which order, and `held` which orders the broker refuses.

use std::{convert::Infallible, time::Duration};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{Notify, watch},
    time::{interval, timeout},
};

use super::{
    connection::{Failure, Link},
    publisher::Publisher,
};
use crate::{
    chaos::{self, CrashPoint},
    db::{
        self, Database,
        outbox::{OutboxSession, SHARDS},
    },
};

mod held;
mod pipeline;
mod window;

use self::{held::HeldOrders, pipeline::Pipeline};

/// The function's name, on the broker and in logs.
const FUNCTION: &str = "outbox-relay";
/// How often shards of a relay that has gone are looked for. The same question shows whether our own session still lives.
const SHARD_INTERVAL: Duration = Duration::from_secs(2);
/// A session that does not answer in this time is lost.
const SESSION_TIMEOUT: Duration = Duration::from_secs(5);

/// What a relay needs.
pub(crate) struct Relay {
    /// As `orders_relay`.
    pub(crate) database: Database,
    /// As `orders_relay`, past any transaction pooler: session locks and LISTEN do not survive one.
    pub(crate) direct: PgConnectOptions,
    /// The broker.
    pub(crate) amqp_url: SecretString,
    /// Turns `true` when the process stops.
    pub(crate) shutdown: watch::Receiver<bool>,
}

/// Publishes until the process stops; whatever fails is tried again.
pub(crate) fn run(relay: Relay) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut shutdown = relay.shutdown.clone();
        let mut link = Link::new(FUNCTION);
        let mut held = HeldOrders::default();
        while !*shutdown.borrow() {
            match relay.work_once(&mut link, &mut held).await {
                Ok(()) => break,
                Err(failure) => link.lost(&failure, &mut shutdown).await,
            }
        }
    })
}

impl Relay {
    /// One link from its opening to its end: `Ok` when the process stops. The broker comes first, so that a relay that cannot
    /// reach it holds no shard.
    async fn work_once(&self, link: &mut Link, held: &mut HeldOrders) -> Result<(), Failure> {
        let publisher = Publisher::open(&self.amqp_url, FUNCTION).await?;
        let mut session = OutboxSession::open(self.direct.clone()).await?;
        link.established();

        let (owned, shards) = watch::channel(Vec::new());
        let bell = Notify::new();
        // Whichever ends first ends both: without the session the shards are not ours, and nothing more may be sent.
        let ended = tokio::select! {
            Err(lost) = keep_session(&mut session, &owned, &bell) => Err(Failure::from(lost)),
            ended = Pipeline::new(&self.database, &publisher, shards, held).run(&bell, self.shutdown.clone()) => ended,
        };
        publisher.close().await;
        session.close().await;
        ended
    }
}

/// Holds the session: takes shards as they become free, passes the bell on, and ends only when the session is lost.
async fn keep_session(session: &mut OutboxSession, owned: &watch::Sender<Vec<i16>>, bell: &Notify) -> Result<Infallible, db::Error> {
    let mut look = interval(SHARD_INTERVAL);
    loop {
        tokio::select! {
            heard = session.heard() => {
                heard?;
                bell.notify_one();
            }
            _ = look.tick() => take_shards(session, owned).await?,
        }
    }
}

async fn take_shards(session: &mut OutboxSession, owned: &watch::Sender<Vec<i16>>) -> Result<(), db::Error> {
    let missing: Vec<i16> = (0..SHARDS).filter(|shard| !owned.borrow().contains(shard)).collect();
    let silent = |_| db::Error::Unavailable(sqlx::Error::PoolTimedOut);
    let taken = timeout(SESSION_TIMEOUT, session.take_shards(&missing)).await.map_err(silent)??;
    if !taken.is_empty() {
        owned.send_modify(|owned| owned.extend(&taken));
        chaos::point(CrashPoint::RelayAfterShards);
        tracing::info!("labels.function" = FUNCTION, shards = ?taken, "took shards of the outbox");
    }
    Ok(())
}
