//! The inventory and the shipping partner against a real broker: `TEST_AMQP_URL`, or the one on this machine.
//!
//! Each test has queues of its own, which end with its connection, and looks only at its own tenant's messages: others
//! may use the same broker.

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
use simulators::broker::consumer::{Partner, Queue, run};
use simulators::broker::{INVENTORY_EVENTS, Publisher, SHIPPING_EVENTS};
use simulators::inventory::Inventory;
use simulators::shipping::Shipping;

/// How long a test waits for an answer that must come.
const PATIENCE: Duration = Duration::from_secs(20);

fn url() -> String {
    std::env::var("TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".into())
}

/// The service's side of the broker: sends commands, reads answers.
struct Service {
    tenant: String,
    queue: String,
    channel: Channel,
    answers: Consumer,
    supervisor: tokio::task::JoinHandle<()>,
    _connection: Connection,
}

impl Service {
    /// Starts a partner on a queue of this test's own and listens to its exchange.
    async fn start<P: Partner>(pattern: &'static str, exchange: &'static str, partner: impl FnOnce(Publisher) -> P) -> Self {
        let tenant = format!("ten_{}", uuid::Uuid::now_v7().simple());
        let queue = format!("test.simulator.{tenant}");
        let publisher = Publisher::to_broker(&url());
        // The name lives as long as the process, like the names of real queues.
        let own = Queue { name: Box::leak(queue.clone().into_boxed_str()), pattern };
        let supervisor = tokio::spawn(run(url(), own, Arc::new(partner(publisher.clone()))));

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

    async fn send(&self, command: &CloudEvent) {
        let (key, bytes) = (command.routing_key(), command.encode_structured());
        let options = BasicPublishOptions::default();
        self.channel.basic_publish("orders.commands".into(), key.into(), options, &bytes, BasicProperties::default()).await.unwrap();
    }

    async fn command(&self, r#type: &str, data: Value) -> CloudEvent {
        let command = event(&self.tenant, r#type, &data);
        self.send(&command).await;
        command
    }

    /// The next answer for this tenant.
    async fn answer(&mut self) -> (String, CloudEvent) {
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

    async fn answer_types(&mut self, count: usize) -> Vec<String> {
        let mut types = Vec::new();
        for _ in 0..count {
            types.push(self.answer().await.0);
        }
        types
    }

    async fn stop(self) {
        self.supervisor.abort();
        self.channel.queue_delete(self.queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
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

fn reservation(skus: &[&str]) -> Value {
    json!({ "reservation_id": "ord_1:1", "order_id": "ord_1", "lines": lines(skus) })
}

fn parcel(id: &str, skus: &[&str]) -> Value {
    json!({ "fulfillment_id": id, "order_id": "ord_1", "lines": lines(skus), "address": { "name": "A", "country": "DE" } })
}

fn lines(skus: &[&str]) -> Vec<Value> {
    skus.iter().enumerate().map(|(index, sku)| json!({ "line_id": format!("lin_{index}"), "sku": sku, "quantity": 2 })).collect()
}

#[tokio::test]
async fn inventory_answers_each_command_with_its_event() {
    let mut service = Service::start("inventory.*", INVENTORY_EVENTS, Inventory::new).await;
    for (r#type, expected) in [
        ("inventory.reserve.v1", "inventory.reserved.v1"),
        ("inventory.commit.v1", "inventory.committed.v1"),
        ("inventory.release.v1", "inventory.released.v1"),
    ] {
        let command = service.command(r#type, reservation(&["MUG-1"])).await;
        let (answered, event) = service.answer().await;
        assert_eq!(answered, expected);
        assert_eq!(event.extension_text("causationid"), Some(command.id.as_str()));
        assert_eq!(event.extension_text("correlationid"), Some("req_1"));
        assert_eq!(event.data_as::<Value>().unwrap(), json!({ "reservation_id": "ord_1:1", "order_id": "ord_1" }));
    }
    service.command("inventory.reserve.v1", reservation(&["MUG-1", "OUT-1"])).await;
    let (answered, event) = service.answer().await;
    assert_eq!(answered, "inventory.rejected.v1");
    let missing = &event.data_as::<Value>().unwrap()["lines"];
    assert_eq!(*missing, json!([{ "line_id": "lin_1", "sku": "OUT-1", "available": 0 }]));
    service.stop().await;
}

#[tokio::test]
async fn inventory_answers_a_repeated_command_once_and_survives_nonsense() {
    let mut service = Service::start("inventory.*", INVENTORY_EVENTS, Inventory::new).await;
    service.command("inventory.steal.v1", json!({})).await;
    service.command("inventory.reserve.v1", json!([])).await;
    let command = service.command("inventory.reserve.v1", reservation(&["DUP-1"])).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(service.answer().await.1.id);
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    // Once another command is answered, the first one's confirms have all come in and its repetition is recognised.
    service.command("inventory.commit.v1", reservation(&[])).await;
    service.answer().await;
    service.send(&command).await;
    service.command("inventory.release.v1", reservation(&["SLOW-1"])).await;
    assert_eq!(service.answer().await.0, "inventory.released.v1");
    service.stop().await;
}

#[tokio::test]
async fn a_parcel_takes_its_stages_in_order_or_shuffled_when_asked() {
    let pace = Duration::from_millis(1);
    let mut service = Service::start("shipping.*", SHIPPING_EVENTS, |publisher| Shipping::new(publisher, pace)).await;
    service.command("shipping.request.v1", parcel("ful_1", &["MUG-1"])).await;
    let stages = ["accepted", "packed", "shipped", "delivered"];
    for stage in stages {
        let (answered, event) = service.answer().await;
        assert_eq!(answered, format!("shipment.{stage}.v1"));
        assert_eq!(event.data_as::<Value>().unwrap()["tracking"].is_object(), stage == "shipped");
    }
    service.command("shipping.request.v1", parcel("ful_2", &["SHUF-1"])).await;
    let mut shuffled = service.answer_types(4).await;
    let expected = stages.map(|stage| format!("shipment.{stage}.v1"));
    assert_ne!(shuffled, expected);
    shuffled.sort();
    assert_eq!(shuffled, {
        let mut sorted = expected.to_vec();
        sorted.sort();
        sorted
    });
    service.command("shipping.cancel.v1", parcel("ful_1", &[])).await;
    assert_eq!(service.answer().await.0, "shipment.cancellation_rejected.v1");
    service.stop().await;
}

#[tokio::test]
async fn a_parcel_that_was_cancelled_never_leaves() {
    let pace = Duration::from_secs(1);
    let mut service = Service::start("shipping.*", SHIPPING_EVENTS, |publisher| Shipping::new(publisher, pace)).await;
    service.command("shipping.request.v1", parcel("ful_1", &["MUG-1"])).await;
    assert_eq!(service.answer().await.0, "shipment.accepted.v1");
    service.command("shipping.cancel.v1", parcel("ful_1", &[])).await;
    assert_eq!(service.answer().await.0, "shipment.cancelled.v1");
    // A later parcel's stages come alone: the cancelled one says nothing more.
    service.command("shipping.request.v1", parcel("ful_2", &["LOST-1"])).await;
    for stage in ["accepted", "packed", "shipped", "delivery_failed"] {
        let (answered, event) = service.answer().await;
        assert_eq!((answered, &event.data_as::<Value>().unwrap()["fulfillment_id"]), (format!("shipment.{stage}.v1"), &json!("ful_2")));
    }
    service.stop().await;
}
