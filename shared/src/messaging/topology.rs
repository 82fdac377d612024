//! Exchanges and queues, as data, and their idempotent declaration.
//!
//! Whoever connects first declares everything it needs, the partners' exchanges included: no process waits for another to start.

use lapin::{
    Channel, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};

use crate::function::ConsumerSpec;

/// Our events, for whoever binds a queue.
pub const ORDER_EVENTS: &str = "orders.events";
/// Our commands to partners and to ourselves. It has no alternate exchange: a command without a queue is returned to the relay.
pub const ORDER_COMMANDS: &str = "orders.commands";
/// Events that no queue is bound for, kept for a look.
const UNROUTED: &str = "orders.unrouted";
/// Messages that the broker gave up on.
const DEAD: &str = "orders.dead";
/// The queue behind [`DEAD`]; it has no dead-letter exchange of its own, so that nothing runs in a circle.
const DEAD_LETTER_QUEUE: &str = "order-service.dead-letters";

/// Deliveries of one message before the broker moves it to the dead-letter exchange: it killed its consumer that often.
const DELIVERY_LIMIT: i64 = 10;
/// Deliveries of one message of the dead-letter queue: practically without end, because beyond them it would be dropped. RabbitMQ 4 does so
/// after 20 if nobody says otherwise.
const DEAD_LETTER_DELIVERY_LIMIT: i64 = i32::MAX as i64;
/// Messages in one work queue; beyond it the broker refuses publishers, and their outbox keeps the rest.
const WORK_QUEUE_MAX_LENGTH: i64 = 1_000_000;
/// Messages in the dead-letter queue; beyond it they stay in their work queues (at-least-once dead-lettering).
const DEAD_LETTER_QUEUE_MAX_LENGTH: i64 = 100_000;
/// Unrouted events kept; beyond it the oldest go. The outbox still has them all.
const UNROUTED_QUEUE_MAX_LENGTH: i64 = 100_000;

/// One durable exchange.
#[derive(Debug)]
struct Exchange {
    name: &'static str,
    kind: ExchangeKind,
    alternate: Option<&'static str>,
}

/// Every exchange that we publish to or bind to.
const EXCHANGES: &[Exchange] = &[
    Exchange { name: UNROUTED, kind: ExchangeKind::Fanout, alternate: None },
    Exchange { name: DEAD, kind: ExchangeKind::Fanout, alternate: None },
    Exchange { name: ORDER_EVENTS, kind: ExchangeKind::Topic, alternate: Some(UNROUTED) },
    Exchange { name: ORDER_COMMANDS, kind: ExchangeKind::Topic, alternate: None },
    Exchange { name: "payments.events", kind: ExchangeKind::Topic, alternate: None },
    Exchange { name: "inventory.events", kind: ExchangeKind::Topic, alternate: None },
    Exchange { name: "shipping.events", kind: ExchangeKind::Topic, alternate: None },
];

/// Why the topology could not be declared.
#[derive(Debug, thiserror::Error)]
pub enum DeclareError {
    /// The broker has an object of this name with other properties. Somebody must delete or migrate it; we never do.
    #[error("{object} exists on the broker with other properties: {detail}")]
    Mismatch {
        /// `queue order-service.payment-events`.
        object: String,
        /// The broker's words.
        detail: String,
    },
    /// The broker is away or refuses.
    #[error(transparent)]
    Broker(#[from] lapin::Error),
}

/// Whether the outbox may publish there: a publish to an exchange that does not exist would cost the whole channel.
pub(super) fn is_exchange(name: &str) -> bool {
    EXCHANGES.iter().any(|exchange| exchange.name == name)
}

/// Declares every exchange, our two queues of last resort, and the work queues of `consumers`. Repeating it changes nothing.
///
/// # Errors
/// [`DeclareError::Mismatch`] names the object that differs; the channel is closed then.
pub async fn declare(channel: &Channel, consumers: &[&ConsumerSpec]) -> Result<(), DeclareError> {
    for exchange in EXCHANGES {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let arguments = exchange_arguments(exchange);
        let declared = channel.exchange_declare(exchange.name.into(), exchange.kind.clone(), options, arguments).await;
        declared.map_err(|error| name_object("exchange", exchange.name, error))?;
    }
    declare_queue(channel, UNROUTED, unrouted_arguments()).await?;
    bind(channel, UNROUTED, UNROUTED, "").await?;
    declare_queue(channel, DEAD_LETTER_QUEUE, dead_letter_arguments()).await?;
    bind(channel, DEAD_LETTER_QUEUE, DEAD, "").await?;

    for consumer in consumers.iter().filter(|consumer| consumer.queue != DEAD_LETTER_QUEUE) {
        declare_queue(channel, consumer.queue, work_queue_arguments()).await?;
        for binding in consumer.bindings {
            for key in binding.routing_keys {
                bind(channel, consumer.queue, binding.exchange, key).await?;
            }
        }
    }
    Ok(())
}

async fn declare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), DeclareError> {
    let declared = channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments).await;
    declared.map(drop).map_err(|error| name_object("queue", name, error))
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), DeclareError> {
    let options = QueueBindOptions::default();
    Ok(channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await?)
}

fn name_object(kind: &str, name: &str, error: lapin::Error) -> DeclareError {
    match error.kind() {
        ErrorKind::ProtocolError(protocol) if matches!(protocol.kind(), AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED)) => {
            DeclareError::Mismatch { object: format!("{kind} {name}"), detail: protocol.get_message().to_string() }
        }
        _ => DeclareError::Broker(error),
    }
}

fn exchange_arguments(exchange: &Exchange) -> FieldTable {
    table(exchange.alternate.map(|alternate| ("alternate-exchange", text(alternate))))
}

fn work_queue_arguments() -> FieldTable {
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERY_LIMIT)),
        ("x-max-length", AMQPValue::LongLongInt(WORK_QUEUE_MAX_LENGTH)),
        ("x-overflow", text("reject-publish")),
        ("x-dead-letter-exchange", text(DEAD)),
        ("x-dead-letter-strategy", text("at-least-once")),
    ])
}

fn dead_letter_arguments() -> FieldTable {
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongLongInt(DEAD_LETTER_DELIVERY_LIMIT)),
        ("x-max-length", AMQPValue::LongLongInt(DEAD_LETTER_QUEUE_MAX_LENGTH)),
        ("x-overflow", text("reject-publish")),
    ])
}

fn unrouted_arguments() -> FieldTable {
    table([
        ("x-queue-type", text("quorum")),
        ("x-max-length", AMQPValue::LongLongInt(UNROUTED_QUEUE_MAX_LENGTH)),
        ("x-overflow", text("drop-head")),
    ])
}

fn table(arguments: impl IntoIterator<Item = (&'static str, AMQPValue)>) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert(name.into(), value);
    }
    table
}

fn text(value: &'static str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_queue_is_a_quorum_queue_that_loses_nothing() {
        let arguments = work_queue_arguments();
        let argument = |name: &str| arguments.inner().get(name).cloned();
        assert_eq!(argument("x-queue-type"), Some(text("quorum")));
        assert_eq!(argument("x-delivery-limit"), Some(AMQPValue::LongLongInt(10)));
        assert_eq!(argument("x-overflow"), Some(text("reject-publish")));
        assert_eq!(argument("x-dead-letter-exchange"), Some(text("orders.dead")));
        assert_eq!(argument("x-dead-letter-strategy"), Some(text("at-least-once")));
    }

    #[test]
    fn unrouted_events_have_a_place_and_unrouted_commands_come_back() {
        let alternate = |name: &str| EXCHANGES.iter().find(|exchange| exchange.name == name).and_then(|exchange| exchange.alternate);
        assert_eq!(alternate(ORDER_EVENTS), Some(UNROUTED));
        assert_eq!(alternate(ORDER_COMMANDS), None);
    }
}
