//! The native consumer: queue → function, acknowledged exactly as each outcome asks.
//!
//! A function that does something of its own has a task for each message. One that only changes orders takes what has come meanwhile at
//! once: a queue that is empty costs no wait, and one that is full few transactions.
//!
//! An acknowledgement always comes after a commit. When PostgreSQL is away there is nothing to commit to: messages are held
//! unacknowledged until it answers, which stops consuming at the prefetch, and then go back to the queue. So an outage costs a
//! message one delivery of its limit, however long it lasts.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::BoxFuture};
use lapin::{
    Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions},
    types::FieldTable,
};
use secrecy::SecretString;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    batch::BATCH_LIMIT,
    connection::{self, Failure, Link, stop_requested},
    incoming::delivery_fields,
    settler::{Settlement, Settler},
    topology,
};
use crate::{
    backoff::Backoff,
    chaos::{self, CrashPoint, PlantedBug},
    function::ConsumerSpec,
};

/// Batches of one consumer under way at once: while one waits for PostgreSQL, another is read. What comes beyond them waits, up to the
/// prefetch, and makes the next batch larger.
const BATCHES_AT_ONCE: usize = 2;
/// What is in flight when the process stops may finish within this time; the rest goes back to the queue.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two questions whether PostgreSQL answers again: at first, and at most.
const STORE_PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Consumes until the process stops; whatever fails is tried again.
pub(crate) fn run(settler: Settler, amqp_url: SecretString, shutdown: watch::Receiver<bool>) -> BoxFuture<'static, ()> {
    let name = settler.spec().name;
    let deliveries = Arc::new(Deliveries { settler, shutdown: shutdown.clone() });
    Box::pin(async move {
        let mut shutdown = shutdown;
        let mut link = Link::new(name);
        while !*shutdown.borrow() {
            match consume_once(&deliveries, &amqp_url, &mut link, &mut shutdown).await {
                Ok(()) => break,
                Err(failure) => link.lost(&failure, &mut shutdown).await,
            }
        }
    })
}

/// One link from its opening to its end: `Ok` when the process stops.
async fn consume_once(
    settling: &Arc<Deliveries>,
    amqp_url: &SecretString,
    link: &mut Link,
    shutdown: &mut watch::Receiver<bool>,
) -> Result<(), Failure> {
    let spec = settling.settler.spec();
    let (connection, channel, deliveries) = subscribe(spec, amqp_url).await?;
    link.established();
    let tag = deliveries.tag();
    let (size, at_once) = match settling.settler.read_change() {
        Some(_) => (BATCH_LIMIT, BATCHES_AT_ONCE),
        // The prefetch limits them.
        None => (1, usize::MAX),
    };
    let mut batches = deliveries.ready_chunks(size);
    let mut in_flight = JoinSet::new();
    let ended = loop {
        tokio::select! {
            () = stop_requested(shutdown) => break Ok(()),
            batch = batches.next(), if in_flight.len() < at_once => match batch {
                Some(batch) => {
                    let (came, lost): (Vec<_>, Vec<_>) = batch.into_iter().partition(Result::is_ok);
                    in_flight.spawn(Arc::clone(settling).settle(came.into_iter().flatten().collect()));
                    if let Some(Err(error)) = lost.into_iter().next() {
                        break Err(error.into());
                    }
                }
                None => break Err(Failure::Cancelled),
            },
            Some(_) = in_flight.join_next() => {}
        }
    };
    if ended.is_ok() {
        // A failure to cancel ends like a failure to close: the broker sees the connection go.
        let _ = channel.basic_cancel(tag, BasicCancelOptions::default()).await;
    }
    // Also after a failure: what still runs would meet its own redelivery.
    let drained = timeout(DRAIN_TIMEOUT, async { while in_flight.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("labels.consumer" = spec.name, left = in_flight.len(), "messages go back to the queue unfinished");
    }
    connection::close(&connection).await;
    ended
}

async fn subscribe(spec: &'static ConsumerSpec, amqp_url: &SecretString) -> Result<(Connection, Channel, Consumer), Failure> {
    let connection = connection::open(amqp_url, spec.name).await?;
    let channel = connection.create_channel().await?;
    topology::declare(&channel, &[spec]).await?;
    channel.basic_qos(spec.prefetch, BasicQosOptions::default()).await?;
    let consumer = channel.basic_consume(spec.queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await?;
    Ok((connection, channel, consumer))
}

/// Settles deliveries; shared by the tasks of one consumer.
struct Deliveries {
    settler: Settler,
    shutdown: watch::Receiver<bool>,
}

impl Deliveries {
    /// Takes deliveries from their reading to their acknowledgement.
    async fn settle(self: Arc<Self>, deliveries: Vec<Delivery>) {
        chaos::point(CrashPoint::MessageReceived);
        let read = |delivery: &Delivery| self.settler.read(delivery_fields(delivery), delivery.data.clone());
        let messages = deliveries.iter().map(read).collect();
        if chaos::is_planted(PlantedBug::AckBeforeCommit) {
            acknowledge(&deliveries).await;
        }
        let settlements = self.settler.settle_all(messages).await;
        let (mut settled, mut held) = (Vec::new(), Vec::new());
        for (delivery, settlement) in deliveries.into_iter().zip(settlements) {
            if settlement == Settlement::StoreAway { &mut held } else { &mut settled }.push(delivery);
        }
        if !settled.is_empty() {
            chaos::point(CrashPoint::MessageBeforeAck);
            acknowledge(&settled).await;
        }
        if !held.is_empty() {
            self.store_answers().await;
        }
        for delivery in held {
            let _ = delivery.nack(BasicNackOptions { requeue: true, ..Default::default() }).await;
        }
    }

    /// Waits until PostgreSQL answers or the process stops.
    async fn store_answers(&self) {
        let mut backoff = Backoff::new(STORE_PAUSES.0, STORE_PAUSES.1);
        let mut shutdown = self.shutdown.clone();
        let answers = async {
            loop {
                sleep(backoff.next_delay()).await;
                if self.settler.context.database.ping().await.is_ok() {
                    return;
                }
            }
        };
        tokio::select! {
            () = answers => {}
            () = stop_requested(&mut shutdown) => {}
        }
    }
}

/// An acknowledgement that fails means a lost link: the redelivery finds the inbox entry and is done at once.
async fn acknowledge(deliveries: &[Delivery]) {
    for delivery in deliveries {
        let _ = delivery.ack(BasicAckOptions::default()).await;
    }
}
