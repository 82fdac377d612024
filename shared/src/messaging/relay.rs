//! The relay: outbox → broker, at least once, in order within each order.
//!
//! Relays share the outbox by shards under session advisory locks. Within its shards a relay sends the head of every order at once
//! and an order's next message only after the confirm of the one before. A message is marked after its confirm, never earlier; what
//! was sent but not marked is sent again, and consumers drop the repeat.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    time::Duration,
};

use futures_util::{TryStreamExt as _, future::BoxFuture, stream};
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{interval, sleep, timeout},
};

use super::{
    connection::{Failure, Link, stop_requested},
    publisher::{Published, Publisher},
};
use crate::{
    chaos::{self, CrashPoint},
    clock,
    db::{
        self, Database,
        outbox::{OutboxMessage, OutboxSession, SHARDS, outbox_mark_published, outbox_unpublished},
    },
    domain::ids::{EventId, OrderId, TenantId},
    telemetry::metrics::OUTBOX_PUBLISHED,
};

mod held;
use held::HeldOrders;

/// The function's name, on the broker and in logs.
const FUNCTION: &str = "outbox-relay";
/// Messages read at once, over all shards; the rest waits for the next look.
const BATCH: i64 = 1_024;
/// Confirms outstanding at once: one an order, so orders beyond it wait.
const OUTSTANDING: usize = 256;
/// Messages marked by one UPDATE.
const MARK_CHUNK: usize = 256;
/// Between two looks while there is something to publish.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// Between two looks when there is nothing; the bell ends the wait early.
const IDLE_PAUSE: Duration = Duration::from_secs(1);
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
            ended = self.publish(&publisher, shards, &bell, held) => ended,
        };
        publisher.close().await;
        session.close().await;
        ended
    }

    /// Looks for messages and publishes them until the process stops.
    async fn publish(
        &self,
        publisher: &Publisher,
        mut shards: watch::Receiver<Vec<i16>>,
        bell: &Notify,
        held: &mut HeldOrders,
    ) -> Result<(), Failure> {
        let mut shutdown = self.shutdown.clone();
        while !*shutdown.borrow() {
            let owned = shards.borrow_and_update().clone();
            let share = BATCH / i64::try_from(owned.len().max(1)).unwrap_or(BATCH);
            let messages = outbox_unpublished(&self.database, &owned, share, &held.waiting()).await?;
            let pause = if messages.is_empty() { IDLE_PAUSE } else { BUSY_PAUSE };
            if !messages.is_empty() {
                chaos::point(CrashPoint::RelayBeforePublish);
                self.publish_batch(publisher, messages, held).await?;
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = bell.notified() => {}
                Ok(()) = shards.changed() => {}
                () = stop_requested(&mut shutdown) => {}
            }
        }
        Ok(())
    }

    /// Sends every order's messages, many orders at once, and marks what is confirmed meanwhile.
    async fn publish_batch(&self, publisher: &Publisher, messages: Vec<OutboxMessage>, held: &mut HeldOrders) -> Result<(), Failure> {
        let (confirmed, to_mark) = mpsc::unbounded_channel();
        let (refused, mut refusals) = mpsc::unbounded_channel();
        let sending = async {
            // Moved in, so that the marking ends when the sending does.
            let confirmed = confirmed;
            stream::iter(by_order(messages).into_iter().map(Ok))
                .try_for_each_concurrent(OUTSTANDING, |order| send_order(publisher, order, &confirmed, &refused))
                .await
        };
        let (sent, marked) = tokio::join!(sending, mark_confirmed(&self.database, to_mark));
        while let Ok((order, settled)) = refusals.try_recv() {
            held.note(order, settled);
        }
        sent?;
        Ok(marked?)
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

/// One order's messages, oldest first.
struct OrderMessages {
    order: OrderId,
    messages: VecDeque<OutboxMessage>,
}

/// Groups by order; orders by the age of their head, messages within an order as they were written.
fn by_order(messages: Vec<OutboxMessage>) -> Vec<OrderMessages> {
    let mut places: HashMap<OrderId, usize> = HashMap::new();
    let mut orders: Vec<OrderMessages> = Vec::new();
    for message in messages {
        let place = *places.entry(message.order).or_insert_with(|| {
            orders.push(OrderMessages { order: message.order, messages: VecDeque::new() });
            orders.len() - 1
        });
        orders[place].messages.push_back(message);
    }
    orders
}

/// Sends one order's messages one after the other. A refusal stops this order at its head and no other.
async fn send_order(
    publisher: &Publisher,
    order: OrderMessages,
    confirmed: &mpsc::UnboundedSender<(TenantId, EventId)>,
    settled: &mpsc::UnboundedSender<(OrderId, held::Settled)>,
) -> Result<(), Failure> {
    for message in order.messages {
        match publisher.publish(&message).await? {
            Published::Confirmed => {
                metrics::counter!(OUTBOX_PUBLISHED).increment(1);
                // The receiver is gone only when marking failed; then the message goes out again, which is allowed.
                let _ = confirmed.send((message.tenant, message.event));
            }
            Published::Refused(reason) => {
                let _ = settled.send((order.order, held::Settled::Refused { reason, routing_key: message.routing_key }));
                return Ok(());
            }
        }
    }
    let _ = settled.send((order.order, held::Settled::Sent));
    Ok(())
}

/// Marks what comes in, in chunks as they are ready, until the senders are done.
async fn mark_confirmed(database: &Database, mut confirmed: mpsc::UnboundedReceiver<(TenantId, EventId)>) -> Result<(), db::Error> {
    let mut chunk = Vec::with_capacity(MARK_CHUNK);
    while confirmed.recv_many(&mut chunk, MARK_CHUNK).await > 0 {
        chaos::point(CrashPoint::RelayBeforeMark);
        outbox_mark_published(database, &chunk, clock::now()).await?;
        chaos::point(CrashPoint::RelayAfterMark);
        chunk.clear();
    }
    Ok(())
}
