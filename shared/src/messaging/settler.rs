//! Settles one message, whoever carried it: believe it, run the function, write down what was refused, say what it came to.
//!
//! The queue's consumer, CloudEvents over HTTP and Amazon MQ batches all end here, so that a message means the same in every
//! host. How an outcome is told to the carrier (ack, status, batch result) is the carrier's own.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::HeaderMap;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{
    filing,
    incoming::{Incoming, Message},
    outcome::Rejection,
};
use crate::{
    commands::{Change, CommandError, Context, apply_messages},
    db::{
        self,
        deferred_messages::{DueMessage, TABLE},
    },
    domain::{dead_letter::DeadClass, deferral::TRIES_UNENDED_MAX, schema::Shape},
    function::ConsumerSpec,
    secrets::{keyring::OpenError, row_aad},
    telemetry::metrics::{MESSAGE_DURATION, MESSAGES},
};

/// A function that settles the messages of one queue.
#[derive(Clone, Copy)]
pub struct ConsumerFunction {
    /// What it declares of itself.
    pub spec: &'static ConsumerSpec,
    handle: Handle,
    /// How the data of what it takes describes itself; only the document of messages reads it.
    pub(super) data: Option<Shape>,
}

/// How a function takes a message.
#[derive(Clone, Copy)]
enum Handle {
    /// It does whatever it does.
    Itself(fn(Incoming) -> BoxFuture<'static, Result<(), Rejection>>),
    /// It says what the message asks of an order, and leaves the rest to us.
    Order(ReadChange),
    /// It looks on: it changes nothing that is kept, and tells Redis.
    Watch(fn(Incoming) -> BoxFuture<'static, Result<(), Rejection>>),
    /// It files whatever comes: each message killed a handler.
    Bury,
}

/// Reads a message as a change of one order.
pub(super) type ReadChange = fn(&Incoming) -> Result<Change, Rejection>;

impl ConsumerFunction {
    /// Joins a manifest and its handler. `Ok` means that the message took effect, now or earlier.
    pub const fn new(spec: &'static ConsumerSpec, handle: fn(Incoming) -> BoxFuture<'static, Result<(), Rejection>>) -> Self {
        Self { spec, handle: Handle::Itself(handle), data: None }
    }

    /// Joins a manifest and the reading of messages each of which changes one order, and does nothing else. Messages that come together
    /// take effect together.
    pub const fn changing_orders(spec: &'static ConsumerSpec, read: fn(&Incoming) -> Result<Change, Rejection>) -> Self {
        Self { spec, handle: Handle::Order(read), data: None }
    }

    /// Joins a manifest and what looks on: it changes nothing that is kept, so it claims nothing, and a repeat is no harm. It tells Redis.
    pub const fn watching(spec: &'static ConsumerSpec, handle: fn(Incoming) -> BoxFuture<'static, Result<(), Rejection>>) -> Self {
        Self { spec, handle: Handle::Watch(handle), data: None }
    }

    /// Whether it tells Redis something.
    pub(crate) const fn needs_redis(&self) -> bool {
        matches!(self.handle, Handle::Watch(_))
    }

    /// Joins a manifest to no handler: each message killed one, so it becomes a dead letter of the consumer that it killed.
    pub const fn burying(spec: &'static ConsumerSpec) -> Self {
        Self { spec, handle: Handle::Bury, data: None }
    }

    /// The data of every type that it understands: what its handler parses.
    #[must_use]
    pub fn takes<T: ToSchema>(mut self) -> Self {
        self.data = Some(Shape::of::<T>());
        self
    }
}

/// What a message came to, as far as its carrier must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It took effect, now or earlier.
    Done,
    /// It took none, and a row that was committed keeps it: deferred or dead.
    Filed,
    /// PostgreSQL is away, so nothing was committed: the carrier must bring it again.
    StoreAway,
}

/// A deferred message that was not tried, or whose outcome could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum Untried {
    /// None of our keys opens it.
    #[error("the body cannot be opened")]
    Sealed(#[from] OpenError),
    /// PostgreSQL did not take what came of it.
    #[error("what it came to could not be written")]
    Database(#[from] db::Error),
}

/// Settles the messages of one function.
#[derive(Clone)]
pub struct Settler {
    function: ConsumerFunction,
    pub(super) context: Context,
}

impl Settler {
    /// With the stores and keys that the function's commands work with.
    pub const fn new(function: ConsumerFunction, context: Context) -> Self {
        Self { function, context }
    }

    /// The manifest of the function.
    pub const fn spec(&self) -> &'static ConsumerSpec {
        self.function.spec
    }

    /// Settles an event that came as header fields and a body: in binary mode if the attributes are among the fields, otherwise in
    /// structured mode. Boxed, because hosts and tests would compile it again.
    pub fn settle_fields(&self, fields: HeaderMap, body: Vec<u8>, limit: Duration) -> BoxFuture<'_, Settlement> {
        Box::pin(self.settle(self.read(fields, body), limit))
    }

    /// Reads an event that came as header fields and a body.
    pub(super) fn read(&self, fields: HeaderMap, body: Vec<u8>) -> Message {
        match self.function.handle {
            Handle::Itself(_) | Handle::Watch(_) | Handle::Order(_) => Message::read(&fields, body, self.spec()),
            Handle::Bury => Message::of_killer(&fields, body),
        }
    }

    /// Settles what its carrier could not even unpack: a dead letter, for `reason`.
    pub fn settle_unreadable<'s>(&'s self, body: Vec<u8>, reason: &'static str) -> BoxFuture<'s, Settlement> {
        Box::pin(self.settle(Message::unreadable(body, reason, self.spec()), Duration::MAX))
    }

    /// Tries a deferred message again, and says in a word what it came to. Its effect and its row go in two transactions: whoever dies
    /// between them leaves a row whose next try finds the inbox entry and takes no effect.
    ///
    /// # Errors
    /// [`Untried`] when nothing came of it: it is due again when its lease is over.
    pub(super) async fn settle_again(&self, deferred: &DueMessage, limit: Duration) -> Result<&'static str, Untried> {
        let started = Instant::now();
        let aad = row_aad(TABLE, deferred.tenant, &deferred.id.to_string());
        let body = self.context.keyring.open(&aad, &deferred.body_sealed)?;
        let message = Message::read(&HeaderMap::new(), body, self.spec());
        let tried = match deferred.tries > TRIES_UNENDED_MAX {
            true => Err(Rejection::dead(DeadClass::KilledConsumer, "whoever tried it again died or could not settle it")),
            false => self.handle(&message, limit).await,
        };
        let outcome = match tried {
            Ok(()) => {
                filing::forget(&self.context, deferred).await?;
                Ok(())
            }
            Err(rejection) => Err(filing::file_again(&self.context, &message, deferred, rejection).await?),
        };
        self.report(&message, &outcome, started.elapsed());
        Ok(outcome.err().map_or("done", |rejection| rejection.outcome()))
    }

    /// Settles one message. The function may take its own time limit or `limit`, whichever is shorter.
    pub(super) async fn settle(&self, message: Message, limit: Duration) -> Settlement {
        let started = Instant::now();
        match self.handle(&message, limit).await {
            Ok(()) => {
                self.report(&message, &Ok(()), started.elapsed());
                Settlement::Done
            }
            Err(rejection) => self.settle_refused(&message, rejection, started).await,
        }
    }

    /// Settles one message that was refused; begun at `started`.
    pub(super) async fn settle_refused(&self, message: &Message, rejection: Rejection, started: Instant) -> Settlement {
        let filed = self.file(message, rejection).await;
        let is_away = matches!(filed, Rejection::StoreAway { .. });
        self.report(message, &Err(filed), started.elapsed());
        if is_away { Settlement::StoreAway } else { Settlement::Filed }
    }

    /// Writes a refused message down and answers what it came to.
    pub(super) async fn file(&self, message: &Message, rejection: Rejection) -> Rejection {
        let reason = rejection.reason().to_owned();
        filing::file(&self.context, message, rejection).await.unwrap_or_else(|error| {
            let away = CommandError::from(error);
            Rejection::StoreAway { reason: format!("{away}, to write down: {reason}") }
        })
    }

    /// How to read messages as changes of orders, if the function changes nothing else.
    pub(super) const fn read_change(&self) -> Option<ReadChange> {
        match self.function.handle {
            Handle::Order(read) => Some(read),
            Handle::Itself(_) | Handle::Watch(_) | Handle::Bury => None,
        }
    }

    /// What the function gets to see of a message that it may believe.
    pub(super) fn incoming(&self, message: &Message) -> Result<Incoming, Rejection> {
        match (&message.event, message.tenant, &message.fault) {
            (_, _, Some(fault)) => Err(fault.clone()),
            (Some(event), Some(tenant), None) => {
                Ok(Incoming { event: event.clone(), tenant, spec: self.spec(), context: self.context.clone() })
            }
            // `Message` gives a fault to everything that lacks one of the two.
            (_, _, None) => Err(Rejection::dead(DeadClass::Malformed, "neither an event nor a fault")),
        }
    }

    /// Runs the handler in a task of its own: a time limit must never drop a transaction that is under way.
    pub(super) async fn handle(&self, message: &Message, limit: Duration) -> Result<(), Rejection> {
        let incoming = self.incoming(message)?;
        let handling = match self.function.handle {
            Handle::Itself(handle) | Handle::Watch(handle) => handle(incoming),
            Handle::Order(read) => Box::pin(change_order(read, incoming)),
            Handle::Bury => return Err(Rejection::dead(DeadClass::Malformed, "a message that killed nobody")),
        };
        match timeout(limit.min(self.time_limit()), tokio::spawn(handling)).await {
            Ok(Ok(outcome)) => outcome,
            // It may be lost, so it is not worth the row that would keep it.
            Ok(Err(_)) | Err(_) if self.spec().best_effort => Ok(()),
            Ok(Err(_)) => Err(Rejection::Retry { reason: "the handler panicked".to_owned() }),
            // It may still take effect; the inbox makes the repeat a no-op then.
            Err(_) => Err(Rejection::Retry { reason: "not settled within the time limit".to_owned() }),
        }
    }

    /// What the manifest gives one message, or those that are settled together.
    pub(super) const fn time_limit(&self) -> Duration {
        Duration::from_secs(self.spec().timeout_seconds)
    }

    /// One line and two measurements a message.
    pub(super) fn report(&self, message: &Message, outcome: &Result<(), Rejection>, duration: Duration) {
        let consumer = self.spec().name;
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

async fn change_order(read: ReadChange, incoming: Incoming) -> Result<(), Rejection> {
    let change = read(&incoming)?;
    Ok(apply_messages::one(incoming.context(), &incoming.origin(), &change).await?)
}
