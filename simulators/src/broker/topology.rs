//! Declares what partners use on the broker. Declarations are idempotent and equal to the service's own, so that either
//! side may start first.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind, Result};

use super::consumer::Queue;
use super::{INVENTORY_EVENTS, ORDER_COMMANDS, ORDER_EVENTS, ORDER_UNROUTED, PAYMENT_EVENTS, SHIPPING_EVENTS};

/// Declares every exchange: durable topics, and a fanout for what the service's events miss.
pub(super) async fn exchanges(channel: &Channel) -> Result<()> {
    exchange(channel, ORDER_UNROUTED, ExchangeKind::Fanout, FieldTable::default()).await?;
    let mut alternate = FieldTable::default();
    alternate.insert("alternate-exchange".into(), AMQPValue::LongString(ORDER_UNROUTED.into()));
    exchange(channel, ORDER_EVENTS, ExchangeKind::Topic, alternate).await?;
    for name in [ORDER_COMMANDS, PAYMENT_EVENTS, INVENTORY_EVENTS, SHIPPING_EVENTS] {
        exchange(channel, name, ExchangeKind::Topic, FieldTable::default()).await?;
    }
    Ok(())
}

/// Declares a partner's queue and binds it to the commands it understands.
pub(super) async fn queue(channel: &Channel, queue: Queue) -> Result<()> {
    let mut quorum = FieldTable::default();
    quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    channel.queue_declare(queue.name.into(), QueueDeclareOptions::durable(), quorum).await?;
    let options = QueueBindOptions::default();
    channel.queue_bind(queue.name.into(), ORDER_COMMANDS.into(), queue.pattern.into(), options, FieldTable::default()).await
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind, arguments: FieldTable) -> Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), kind, options, arguments).await
}
