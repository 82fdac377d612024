//! The service's side of the broker, as every test here plays it, and a road to the broker that can be cut.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use simulators::broker::Publisher;
use simulators::broker::consumer::{Partner, Queue, run};

/// How long a test waits for an answer that must come.
const PATIENCE: Duration = Duration::from_secs(20);

fn url() -> String {
    std::env::var("TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".into())
}

/// The service's side of the broker: sends commands, reads answers.
pub struct Service {
    tenant: String,
    queue: String,
    channel: Channel,
    answers: Consumer,
    pub supervisor: tokio::task::JoinHandle<()>,
    _connection: Connection,
}

impl Service {
    /// Starts a partner on a queue of this test's own and listens to its exchange.
    pub async fn start<P: Partner>(exchange: &'static str, partner: impl FnOnce(Publisher) -> Arc<P>) -> Self {
        Self::start_through(url(), exchange, partner).await
    }

    /// The same, with the partner connecting to the broker at an address of its own.
    pub async fn start_through<P: Partner>(partner_url: String, exchange: &'static str, partner: impl FnOnce(Publisher) -> Arc<P>) -> Self {
        let tenant = format!("ten_{}", uuid::Uuid::now_v7().simple());
        let queue = format!("test.simulator.{tenant}");
        let publisher = Publisher::to_broker(&partner_url);
        // Names live as long as the process, like those of real queues.
        let own = Queue { name: queue.clone().leak(), pattern: format!("{tenant}.#").leak() };
        let supervisor = tokio::spawn(run(partner_url, own, partner(publisher.clone())));

        let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let (bind, table) = (QueueBindOptions::default(), FieldTable::default());
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        // Declares the exchanges on its way, which the binding needs.
        publisher.publish(exchange, &event(&tenant, "test.started.v1", &json!({}))).await;
        let answers = channel.queue_declare("".into(), exclusive, table.clone()).await.unwrap().name().clone();
        channel.queue_bind(answers.clone(), exchange.into(), "#".into(), bind, table.clone()).await.unwrap();
        let answers = channel.basic_consume(answers, "".into(), BasicConsumeOptions::default(), table).await.unwrap();

        let service = Self { tenant, queue, channel, answers, supervisor, _connection: connection };
        service.wait_for_queue().await;
        service
    }

    /// Waits until the partner consumes: a command sent before its queue is bound would be lost.
    async fn wait_for_queue(&self) {
        let consuming = async {
            loop {
                let probe = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
                let channel = probe.create_channel().await.unwrap();
                let passive = QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
                match channel.queue_declare(self.queue.as_str().into(), passive, FieldTable::default()).await {
                    Ok(queue) if queue.consumer_count() > 0 => return,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, consuming).await.unwrap();
    }

    pub async fn send(&self, command: &CloudEvent) {
        let (key, bytes) = (format!("{}.{}", self.tenant, command.routing_key()), command.encode_structured());
        let options = BasicPublishOptions::default();
        self.channel.basic_publish("orders.commands".into(), key.into(), options, &bytes, BasicProperties::default()).await.unwrap();
    }

    pub async fn command(&self, r#type: &str, data: Value) -> CloudEvent {
        let command = event(&self.tenant, r#type, &data);
        self.send(&command).await;
        command
    }

    /// The next answer for this tenant.
    pub async fn answer(&mut self) -> (String, CloudEvent) {
        let read = async {
            loop {
                let delivery = self.answers.next().await.unwrap().unwrap();
                delivery.ack(BasicAckOptions::default()).await.unwrap();
                let event = CloudEvent::decode_structured(&delivery.data).unwrap();
                if event.tenantid.as_deref() == Some(&self.tenant) && event.r#type != "test.started.v1" {
                    assert_eq!(delivery.properties.message_id().as_ref().map(ToString::to_string), Some(event.id.clone()));
                    assert_eq!((delivery.routing_key.as_str(), event.subject.as_deref()), (event.routing_key(), Some("ord_1")));
                    return (event.r#type.clone(), event);
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap()
    }

    pub async fn answer_types(&mut self, count: usize) -> Vec<String> {
        let mut types = Vec::new();
        for _ in 0..count {
            types.push(self.answer().await.0);
        }
        types
    }

    pub async fn stop(self) {
        self.supervisor.abort();
        self.channel.queue_delete(self.queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    }
}

/// A road to the broker that a test can cut.
pub struct Road {
    pub url: String,
    pub cut: tokio::sync::watch::Sender<()>,
}

impl Road {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut through: url::Url = url().parse().unwrap();
        let broker = (through.host_str().unwrap().to_owned(), through.port().unwrap_or(5672));
        through.set_host(Some("127.0.0.1")).unwrap();
        through.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (cut, _) = tokio::sync::watch::channel(());
        let cuts = cut.clone();
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut far = tokio::net::TcpStream::connect(&broker).await.unwrap();
                let mut cuts = cuts.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { url: through.to_string(), cut }
    }
}

fn event(tenant: &str, r#type: &str, data: &Value) -> CloudEvent {
    CloudEvent {
        id: format!("evt_{}", uuid::Uuid::now_v7().simple()),
        source: "/orders".into(),
        r#type: r#type.into(),
        subject: Some("ord_1".into()),
        time: None,
        tenantid: Some(tenant.into()),
        extensions: [("correlationid".to_owned(), json!("req_1"))].into(),
        data: serde_json::value::to_raw_value(data).unwrap(),
    }
}

/// Order lines of these articles, as commands carry them.
pub fn lines(skus: &[&str]) -> Vec<Value> {
    skus.iter().map(|sku| json!({ "sku": sku, "quantity": 2 })).collect()
}
