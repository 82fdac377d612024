//! A program that does nothing but publish, or nothing but acknowledge: the floors.

use std::{collections::VecDeque, time::Instant};

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueBindOptions,
        QueueDeclareOptions, QueuePurgeOptions,
    },
    types::{AMQPValue, FieldTable},
};
use shared::cloudevents::{self, CloudEvent};
use tests::Sql;

/// Confirms outstanding at once, as the relay has them.
const OUTSTANDING: usize = 256;
/// Messages that come together, as the service takes them.
const BATCH: usize = 50;
/// Messages unacknowledged at once: enough that the broker never waits for the consumer.
const PREFETCH: u16 = 512;

/// A connection of its own.
pub struct Broker {
    connection: Connection,
    channel: Channel,
}

impl Broker {
    pub async fn connect(amqp_url: &str) -> Self {
        let connection = Connection::connect(amqp_url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { connection, channel }
    }

    /// A quorum queue that takes everything of an exchange, which must be there.
    pub async fn bind(&self, queue: &str, exchange: &str) {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        self.channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await.unwrap();
        let bind = QueueBindOptions::default();
        self.channel.queue_bind(queue.into(), exchange.into(), "#".into(), bind, FieldTable::default()).await.unwrap();
    }

    pub async fn purge(&self, queue: &str) {
        self.channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await.unwrap();
    }

    pub async fn messages_in(&self, queue: &str) -> u32 {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(queue.into(), passive, FieldTable::default()).await.unwrap().message_count()
    }

    /// Publishes persistent, mandatory messages with so many confirms outstanding, and answers how many a second were confirmed.
    pub async fn publish(&self, exchange: &str, routing_key: &str, bodies: &[Vec<u8>]) -> f64 {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = BasicProperties::default().with_content_type(cloudevents::CONTENT_TYPE.into()).with_delivery_mode(2);
        let started = Instant::now();
        let mut outstanding = VecDeque::with_capacity(OUTSTANDING);
        for body in bodies {
            if outstanding.len() == OUTSTANDING {
                confirmed(outstanding.pop_front().unwrap()).await;
            }
            let published = self.channel.basic_publish(exchange.into(), routing_key.into(), options, body, properties.clone());
            outstanding.push_back(published.await.unwrap());
        }
        for confirm in outstanding {
            confirmed(confirm).await;
        }
        bodies.len() as f64 / started.elapsed().as_secs_f64()
    }

    /// Consumes so many messages of a queue, acknowledges each, and answers how many a second.
    pub async fn consume(&self, queue: &str, count: usize) -> f64 {
        self.consume_into(queue, count, async |_| ()).await
    }

    /// Consumes so many messages of a queue, notes those that came together in one transaction, acknowledges each, and answers how many
    /// a second.
    pub async fn consume_noting(&self, queue: &str, count: usize, sql: &Sql) -> f64 {
        let note = async |ids: Vec<String>| {
            sqlx::query("INSERT INTO noted (id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING")
                .bind(ids)
                .execute(sql.pool())
                .await
                .unwrap();
        };
        sql.execute("CREATE TABLE IF NOT EXISTS noted (id text PRIMARY KEY); TRUNCATE noted").await.unwrap();
        self.consume_into(queue, count, note).await
    }

    async fn consume_into(&self, queue: &str, count: usize, note: impl AsyncFn(Vec<String>)) -> f64 {
        let channel = self.connection.create_channel().await.unwrap();
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.unwrap();
        let started = Instant::now();
        let consumer = channel.basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default());
        let mut batches = consumer.await.unwrap().take(count).ready_chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let batch: Vec<_> = batch.into_iter().map(Result::unwrap).collect();
            note(batch.iter().map(|delivery| CloudEvent::decode_structured(&delivery.data).unwrap().id).collect()).await;
            for delivery in batch {
                delivery.ack(BasicAckOptions::default()).await.unwrap();
            }
        }
        let rate = count as f64 / started.elapsed().as_secs_f64();
        channel.close(200, "done".into()).await.unwrap();
        rate
    }
}

async fn confirmed(confirm: impl Future<Output = lapin::Result<Confirmation>>) {
    let confirmation = confirm.await.unwrap();
    assert!(confirmation.is_ack(), "the broker refuses a message");
    assert!(confirmation.take_message().is_none(), "no queue takes a message");
}
