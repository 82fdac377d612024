//! The consumer: queue → function, each message in a task of its own, settled exactly as its outcome asks.
//!
//! An acknowledgement always comes after a commit. When PostgreSQL is away there is nothing to commit to: messages are held
//! unacknowledged until it answers, which stops consuming at the prefetch, and then go back to the queue. So an outage costs a
//! message one delivery of its limit, however long it lasts.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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
    connection::{self, Failure, Link, stop_requested},
    filing,
    incoming::{Incoming, Message},
    outcome::Rejection,
    topology,
};
use crate::{
    backoff::Backoff,
    commands::{CommandError, Context},
    function::ConsumerSpec,
    telemetry::metrics::{MESSAGE_DURATION, MESSAGES},
};

/// What is in flight when the process stops may finish within this time; the rest goes back to the queue.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two questions whether PostgreSQL answers again: at first, and at most.
const STORE_PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A function that handles the messages of one queue.
#[derive(Clone, Copy)]
pub struct ConsumerFunction {
    /// What it declares of itself.
    pub spec: &'static ConsumerSpec,
    handle: fn(Incoming) -> BoxFuture<'static, Result<(), Rejection>>,
}

impl ConsumerFunction {
    /// Joins a manifest and its handler. `Ok` means that the message took effect, now or earlier.
    pub const fn new(spec: &'static ConsumerSpec, handle: fn(Incoming) -> BoxFuture<'static, Result<(), Rejection>>) -> Self {
        Self { spec, handle }
    }
}

/// Consumes until the process stops; whatever fails is tried again.
pub fn run(
    function: ConsumerFunction,
    context: Context,
    amqp_url: SecretString,
    shutdown: watch::Receiver<bool>,
) -> BoxFuture<'static, ()> {
    let settler = Arc::new(Settler { function, context, shutdown: shutdown.clone() });
    Box::pin(async move {
        let mut shutdown = shutdown;
        let mut link = Link::new(function.spec.name);
        while !*shutdown.borrow() {
            match consume_once(&settler, &amqp_url, &mut link, &mut shutdown).await {
                Ok(()) => break,
                Err(failure) => link.lost(&failure, &mut shutdown).await,
            }
        }
    })
}

/// One link from its opening to its end: `Ok` when the process stops.
async fn consume_once(
    settler: &Arc<Settler>,
    amqp_url: &SecretString,
    link: &mut Link,
    shutdown: &mut watch::Receiver<bool>,
) -> Result<(), Failure> {
    let (connection, channel, mut deliveries) = subscribe(settler.function.spec, amqp_url).await?;
    link.established();
    let mut in_flight = JoinSet::new();
    let ended = loop {
        tokio::select! {
            () = stop_requested(shutdown) => break Ok(()),
            delivery = deliveries.next() => match delivery {
                Some(Ok(delivery)) => {
                    in_flight.spawn(Arc::clone(settler).settle(delivery));
                }
                Some(Err(error)) => break Err(error.into()),
                None => break Err(Failure::Cancelled),
            },
            Some(_) = in_flight.join_next() => {}
        }
    };
    if ended.is_ok() {
        // A failure to cancel ends like a failure to close: the broker sees the connection go.
        let _ = channel.basic_cancel(deliveries.tag(), BasicCancelOptions::default()).await;
    }
    // Also after a failure: what still runs would meet its own redelivery.
    let drained = timeout(DRAIN_TIMEOUT, async { while in_flight.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("labels.consumer" = settler.function.spec.name, left = in_flight.len(), "messages go back to the queue unfinished");
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

/// Settles messages one by one; shared by the tasks of one consumer.
struct Settler {
    function: ConsumerFunction,
    context: Context,
    shutdown: watch::Receiver<bool>,
}

impl Settler {
    /// Takes one delivery from its reading to its acknowledgement.
    async fn settle(self: Arc<Self>, delivery: Delivery) {
        let started = Instant::now();
        let message = Message::read(&delivery, self.function.spec);
        let outcome = match self.handle(&message).await {
            Ok(()) => Ok(()),
            Err(rejection) => Err(self.file(&message, rejection).await),
        };
        self.report(&message, &outcome, started.elapsed());
        if let Err(Rejection::StoreAway { .. }) = outcome {
            self.store_answers().await;
            let _ = delivery.nack(BasicNackOptions { requeue: true, ..Default::default() }).await;
        } else {
            // An acknowledgement that fails means a lost link: the redelivery finds the inbox entry and is done at once.
            let _ = delivery.ack(BasicAckOptions::default()).await;
        }
    }

    /// Writes a refused message down and answers what it came to.
    async fn file(&self, message: &Message, rejection: Rejection) -> Rejection {
        let reason = rejection.reason().to_owned();
        filing::file(&self.context, self.function.spec.name, message, rejection).await.unwrap_or_else(|error| {
            let away = CommandError::from(error);
            Rejection::StoreAway { reason: format!("{away}, to write down: {reason}") }
        })
    }

    /// Runs the handler in a task of its own: a time limit must never drop a transaction that is under way.
    async fn handle(&self, message: &Message) -> Result<(), Rejection> {
        let (event, tenant) = match (&message.event, message.tenant, &message.fault) {
            (_, _, Some(fault)) => return Err(fault.clone()),
            (Some(event), Some(tenant), None) => (event.clone(), tenant),
            // `Message::read` gives a fault to everything that lacks one of the two.
            (_, _, None) => return Err(Rejection::dead(super::DeadClass::Malformed, "neither an event nor a fault")),
        };
        let spec = self.function.spec;
        let incoming = Incoming { event, tenant, spec, context: self.context.clone() };
        let limit = Duration::from_secs(spec.timeout_seconds);
        match timeout(limit, tokio::spawn((self.function.handle)(incoming))).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Rejection::Retry { reason: "the handler panicked".to_owned() }),
            // It may still take effect; the inbox makes the repeat a no-op then.
            Err(_) => Err(Rejection::Retry { reason: "not settled within the time limit".to_owned() }),
        }
    }

    /// Waits until PostgreSQL answers or the process stops.
    async fn store_answers(&self) {
        let mut backoff = Backoff::new(STORE_PAUSES.0, STORE_PAUSES.1);
        let mut shutdown = self.shutdown.clone();
        let answers = async {
            loop {
                sleep(backoff.next_delay()).await;
                if self.context.database.ping().await.is_ok() {
                    return;
                }
            }
        };
        tokio::select! {
            () = answers => {}
            () = stop_requested(&mut shutdown) => {}
        }
    }

    /// One line and two measurements a message.
    fn report(&self, message: &Message, outcome: &Result<(), Rejection>, duration: Duration) {
        let consumer = self.function.spec.name;
        let (name, reason) = match outcome {
            Ok(()) => ("done", None),
            Err(rejection) => (rejection.outcome(), Some(rejection.reason())),
        };
        metrics::counter!(MESSAGES, "consumer" => consumer, "outcome" => name).increment(1);
        metrics::histogram!(MESSAGE_DURATION, "consumer" => consumer).record(duration.as_secs_f64());
        let event = message.event.as_ref();
        let traceparent = event.and_then(|event| event.extension_text("traceparent"));
        tracing::info!(
            "event.action" = event.map(|event| event.r#type.as_str()),
            "event.outcome" = if outcome.is_ok() { "success" } else { "failure" },
            "event.reason" = reason,
            "event.duration" = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
            "labels.consumer" = consumer,
            "labels.outcome" = name,
            "message.id" = event.map(|event| event.id.as_str()),
            "tenant.id" = message.tenant.map(tracing::field::display),
            "order.id" = message.order().map(tracing::field::display),
            "trace.id" = traceparent.and_then(|text| text.split('-').nth(1)),
            "message settled"
        );
    }
}
