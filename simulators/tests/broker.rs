//! The inventory and the shipping partner against a real broker: `TEST_AMQP_URL`, or the one on this machine.
//!
//! Others may use the same broker: each test's partner has a queue of its own, bound to routing keys of its own, and the
//! test looks only at its own tenant's answers.

#![allow(clippy::unwrap_used, reason = "a test, its helpers included, fails by panicking")]

use std::collections::{BTreeSet, HashSet};
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
    async fn start<P: Partner>(exchange: &'static str, partner: impl FnOnce(Publisher) -> P) -> Self {
        Self::start_through(url(), exchange, partner).await
    }

    /// The same, with the partner connecting to the broker at an address of its own.
    async fn start_through<P: Partner>(partner_url: String, exchange: &'static str, partner: impl FnOnce(Publisher) -> P) -> Self {
        let tenant = format!("ten_{}", uuid::Uuid::now_v7().simple());
        let queue = format!("test.simulator.{tenant}");
        let publisher = Publisher::to_broker(&partner_url);
        // Names live as long as the process, like those of real queues.
        let own = Queue { name: queue.clone().leak(), pattern: format!("{tenant}.#").leak() };
        let supervisor = tokio::spawn(run(partner_url, own, Arc::new(partner(publisher.clone()))));

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
        let (key, bytes) = (format!("{}.{}", self.tenant, command.routing_key()), command.encode_structured());
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

/// A road to the broker that a test can cut.
struct Road {
    url: String,
    cut: tokio::sync::watch::Sender<()>,
}

impl Road {
    async fn open() -> Self {
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
    let mut service = Service::start(INVENTORY_EVENTS, Inventory::new).await;
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
    let mut service = Service::start(INVENTORY_EVENTS, Inventory::new).await;
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
    let mut service = Service::start(SHIPPING_EVENTS, |publisher| Shipping::new(publisher, pace)).await;
    service.command("shipping.request.v1", parcel("ful_1", &["MUG-1"])).await;
    let stages = ["accepted", "packed", "shipped", "delivered"];
    for stage in stages {
        let (answered, event) = service.answer().await;
        assert_eq!(answered, format!("shipment.{stage}.v1"));
        assert_eq!(event.data_as::<Value>().unwrap()["tracking"].is_object(), stage == "shipped");
    }
    service.command("shipping.request.v1", parcel("ful_2", &["SHUF-1"])).await;
    let shuffled = service.answer_types(stages.len()).await;
    let in_order = stages.map(|stage| format!("shipment.{stage}.v1"));
    assert_ne!(shuffled, in_order);
    assert_eq!(BTreeSet::from_iter(&shuffled), BTreeSet::from_iter(&in_order));
    service.command("shipping.cancel.v1", parcel("ful_1", &[])).await;
    assert_eq!(service.answer().await.0, "shipment.cancellation_rejected.v1");
    service.stop().await;
}

#[tokio::test]
async fn a_parcel_that_was_cancelled_never_leaves() {
    let pace = Duration::from_secs(1);
    let mut service = Service::start(SHIPPING_EVENTS, |publisher| Shipping::new(publisher, pace)).await;
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

#[tokio::test]
async fn a_partner_whose_connections_break_comes_back_and_loses_nothing() {
    let road = Road::open().await;
    let mut service = Service::start_through(road.url.clone(), INVENTORY_EVENTS, Inventory::new).await;
    for round in 0..3 {
        // The answer is due a second after the cut: it needs a new connection, and the command is delivered again.
        service.command("inventory.reserve.v1", reservation(&["SLOW-1"])).await;
        road.cut.send(()).unwrap();
        let command = service.command("inventory.commit.v1", reservation(&[])).await;
        let mut open = HashSet::from(["inventory.reserved.v1".to_owned(), "inventory.committed.v1".to_owned()]);
        while !open.is_empty() {
            let (answered, event) = service.answer().await;
            if answered == "inventory.reserved.v1" || event.extension_text("causationid") == Some(&command.id) {
                open.remove(&answered);
            }
        }
        assert!(!service.supervisor.is_finished(), "round {round}");
    }
    service.stop().await;
}
