//! A program on the broker's other side: publishes what partners would, and hears what we publish.

use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind,
    options::{
        BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use serde_json::Value;
use shared::cloudevents::{self, CloudEvent};

use super::PATIENCE;

/// One connection to the broker.
#[derive(Debug)]
pub struct Partner {
    connection: Connection,
    channel: Channel,
}

impl Partner {
    /// Connects to a vhost.
    ///
    /// # Panics
    /// When the broker refuses.
    pub async fn connect(amqp_url: &str) -> Self {
        let connection = Connection::connect(amqp_url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { connection, channel }
    }

    /// An event of a partner, as partners send them.
    ///
    /// # Panics
    /// Never: a JSON value is JSON.
    #[must_use]
    pub fn event(source: &str, r#type: &str, tenant: &str, order: &str, data: &Value) -> CloudEvent {
        CloudEvent {
            id: format!("evt-{}", uuid::Uuid::new_v4().simple()),
            source: source.to_owned(),
            r#type: r#type.to_owned(),
            subject: Some(order.to_owned()),
            time: Some(jiff::Timestamp::now().to_string()),
            tenantid: Some(tenant.to_owned()),
            extensions: std::collections::BTreeMap::new(),
            data: serde_json::value::to_raw_value(data).unwrap(),
        }
    }

    /// Publishes an event and waits until the broker has it.
    ///
    /// # Panics
    /// When the broker refuses.
    pub async fn publish(&self, exchange: &str, event: &CloudEvent) {
        self.publish_bytes(exchange, event.routing_key(), &event.encode_structured()).await;
    }

    /// Publishes any bytes as if they were an event, and waits until the broker has them.
    ///
    /// # Panics
    /// When the broker refuses.
    pub async fn publish_bytes(&self, exchange: &str, routing_key: &str, body: &[u8]) {
        let properties = BasicProperties::default().with_content_type(cloudevents::CONTENT_TYPE.into()).with_delivery_mode(2);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let confirm = self.channel.basic_publish(exchange.into(), routing_key.into(), options, body, properties).await.unwrap();
        let confirmed = confirm.await.unwrap();
        assert!(confirmed.is_ack() && confirmed.take_message().is_none(), "no queue takes {routing_key} from {exchange}");
    }

    /// Hears everything that an exchange routes by `pattern` from now on.
    ///
    /// # Panics
    /// When the broker refuses.
    pub async fn listen(&self, exchange: &str, pattern: &str) -> Listener {
        let channel = self.connection.create_channel().await.unwrap();
        let (durable, exclusive) = (
            ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() },
            QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() },
        );
        // The service declares `orders.events` with more than its kind; only other exchanges may be missing here.
        if exchange != "orders.events" {
            channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, FieldTable::default()).await.unwrap();
        }
        let queue = channel.queue_declare("".into(), exclusive, FieldTable::default()).await.unwrap().name().clone();
        let bind = QueueBindOptions::default();
        channel.queue_bind(queue.clone(), exchange.into(), pattern.into(), bind, FieldTable::default()).await.unwrap();
        let consume = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let messages = channel.basic_consume(queue, "".into(), consume, FieldTable::default()).await.unwrap();
        Listener { messages, _channel: channel }
    }

    /// Takes every command, as partners would: a command that no queue takes holds back its order's later messages.
    ///
    /// # Panics
    /// When the broker refuses.
    pub async fn listen_to_commands(&self) -> Listener {
        self.listen("orders.commands", "#").await
    }

    /// Whether somebody has declared an exchange of this name.
    pub async fn has_exchange(&self, name: &str) -> bool {
        // A channel of its own: asking for what is not there costs the channel.
        let Ok(channel) = self.connection.create_channel().await else { return false };
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        channel.exchange_declare(name.into(), ExchangeKind::Topic, passive, FieldTable::default()).await.is_ok()
    }

    /// Keeps everything that an exchange routes by `pattern` from now on in a queue that survives a crash of the broker.
    ///
    /// # Panics
    /// When the broker refuses.
    pub async fn keep(&self, queue: &str, exchange: &str, pattern: &str) {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        self.channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await.unwrap();
        let bind = QueueBindOptions::default();
        self.channel.queue_bind(queue.into(), exchange.into(), pattern.into(), bind, FieldTable::default()).await.unwrap();
    }

    /// Takes everything out of a queue, in its order.
    ///
    /// # Panics
    /// When the broker refuses, or something is no event.
    pub async fn drain(&self, queue: &str) -> Vec<CloudEvent> {
        let mut events = Vec::new();
        while let Some(message) = self.channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await.unwrap() {
            events.push(CloudEvent::decode_structured(&message.delivery.data).unwrap());
        }
        events
    }

    /// How many messages wait in a queue.
    ///
    /// # Panics
    /// When there is no such queue.
    pub async fn messages_in(&self, queue: &str) -> u32 {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(queue.into(), passive, FieldTable::default()).await.unwrap().message_count()
    }

    /// Deletes a queue with all that is in it, as an operator would.
    ///
    /// # Panics
    /// When there is no such queue.
    pub async fn delete_queue(&self, queue: &str) {
        self.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }

    /// Whether a queue of this name is there and somebody consumes it.
    pub async fn is_consumed(&self, queue: &str) -> bool {
        // A channel of its own: asking for a queue that is not there costs the channel.
        let Ok(channel) = self.connection.create_channel().await else { return false };
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.into(), passive, FieldTable::default()).await.is_ok_and(|queue| queue.consumer_count() > 0)
    }
}

/// Hears the events of one binding, in the order in which they come.
#[derive(Debug)]
pub struct Listener {
    messages: Consumer,
    _channel: Channel,
}

impl Listener {
    /// The next event.
    ///
    /// # Panics
    /// When none comes in [`PATIENCE`], or something that is none.
    pub async fn next(&mut self) -> CloudEvent {
        self.next_within(PATIENCE).await.unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain for an event"))
    }

    /// The next event, if it comes in time.
    ///
    /// # Panics
    /// When something comes that is no event.
    pub async fn next_within(&mut self, limit: Duration) -> Option<CloudEvent> {
        let delivery = tokio::time::timeout(limit, self.messages.next()).await.ok()?.unwrap().unwrap();
        let event = CloudEvent::decode_structured(&delivery.data).unwrap();
        assert_eq!(delivery.properties.message_id().as_ref().map(ToString::to_string), Some(event.id.clone()));
        assert_eq!(delivery.routing_key.as_str(), event.routing_key());
        Some(event)
    }

    /// The events up to and including the first of this type.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn until_type(&mut self, r#type: &str) -> Vec<CloudEvent> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &CloudEvent| event.r#type != r#type) {
            events.push(self.next().await);
        }
        events
    }
}
