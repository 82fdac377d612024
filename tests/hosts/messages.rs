//! Consumers under every carrier: the same messages leave the same rows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::{
    catalog,
    cloudevents::{self, CloudEvent},
    function::ConsumerSpec,
};
use tests::{Emulator, Options, Partner, Process, Program, Servers, Stack, masked, until};

use super::{
    story::{Carrier, Message, Story},
    triggers,
};

/// What a story leaves, table by table. Sealed bodies differ by nature; previews show their shape.
const ROWS: [(&str, &str); 5] = [
    ("history", "SELECT version, action, actor, from_status, to_status, reason FROM order_history ORDER BY version"),
    ("inbox", "SELECT consumer, source, message_id FROM inbox ORDER BY consumer, message_id"),
    (
        "deferred",
        "SELECT consumer, source, message_id, type, order_id, class, reason, attempts FROM deferred_messages ORDER BY consumer, message_id",
    ),
    (
        "dead",
        "SELECT consumer, source, message_id, type, reason_class, reason, preview, occurrences, tenant_id IS NULL AS is_nobodys
         FROM dead_letters ORDER BY created_at",
    ),
    ("outbox", "SELECT exchange, routing_key FROM outbox ORDER BY seq"),
];

/// How a test's carrier brings messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `CONSUME=amqp`: the process reads its queue.
    Queue,
    /// CloudEvents over HTTP, as one JSON object.
    Structured,
    /// CloudEvents over HTTP, attributes as header fields.
    Binary,
    /// Amazon MQ batches on Lambda, each message as one JSON object.
    Batch,
    /// The same with attributes as AMQP headers.
    BinaryBatch,
}

/// Every consumer in a process of its own, or as a function of its own on Lambda.
struct Consumers {
    way: Way,
    processes: BTreeMap<&'static str, Process>,
    emulator: Option<Emulator>,
    partner: Option<Partner>,
    http: reqwest::Client,
}

impl Consumers {
    async fn start(way: Way, stack: &Stack) -> Self {
        let consume = if way == Way::Queue { "amqp" } else { "http" };
        let mut environment = stack.environment().to_vec();
        environment.push(("CONSUME", consume.to_owned()));
        let mut consumers = Self { way, processes: BTreeMap::new(), emulator: None, partner: None, http: Servers::http_client() };
        if matches!(way, Way::Batch | Way::BinaryBatch) {
            let mut emulator = Emulator::start().await;
            for spec in catalog::CONSUMERS {
                emulator.host(spec.name, &environment);
            }
            consumers.emulator = Some(emulator);
            return consumers;
        }
        if way == Way::Queue {
            consumers.partner = Some(stack.partner().await);
        } else {
            // Nobody but the queue's reader needs the broker.
            environment.retain(|(name, _)| *name != "AMQP_URL");
        }
        for spec in catalog::CONSUMERS {
            consumers.processes.insert(spec.name, Process::start(Program::Function(spec.name), &[], &environment).await);
        }
        for spec in catalog::CONSUMERS {
            if let Some(partner) = &consumers.partner {
                until("the queue is consumed", async || partner.is_consumed(spec.queue).await.then_some(())).await;
            }
        }
        consumers
    }

    fn process(&self, name: &str) -> &Process {
        let position = catalog::CONSUMERS.iter().position(|spec| spec.name == name).unwrap();
        self.emulator.as_ref().map_or_else(|| &self.processes[name], |emulator| emulator.function(position))
    }

    async fn publish(&self, spec: &ConsumerSpec, message: &Message) {
        // The exchange of what is dead is a fanout: its key says nothing.
        let routing_key = spec.types.first().map_or("", |r#type| r#type.rsplit_once(".v").unwrap().0);
        let exchange = spec.bindings[0].exchange;
        let partner = self.partner.as_ref().unwrap();
        partner.publish_bytes(exchange, routing_key, &structured(message)).await;
    }

    async fn post(&self, spec: &ConsumerSpec, message: &Message, outcome: &str) {
        let address = format!("http://127.0.0.1:{}/", self.processes[spec.name].port("server.port"));
        let request = match (self.way, message) {
            (Way::Binary, Message::Event(event)) => {
                let fields = attributes(event).into_iter().map(|(name, value)| (format!("ce-{name}"), percent_encoded(&value)));
                let request = fields.fold(self.http.post(address), |request, (name, value)| request.header(name, value));
                request.header("content-type", "application/json").body(event.data.get().to_owned())
            }
            _ => self.http.post(address).header("content-type", cloudevents::CONTENT_TYPE).body(structured(message)),
        };
        let expected = if outcome == "done" { 204 } else { 202 };
        assert_eq!(request.send().await.unwrap().status().as_u16(), expected, "{} as {outcome}", spec.name);
    }

    async fn invoke(&self, spec: &ConsumerSpec, message: &Message) {
        let packed = match (self.way, message) {
            (Way::BinaryBatch, Message::Event(event)) => {
                let headers = attributes(event).into_iter().map(|(name, value)| (format!("cloudEvents:{name}"), triggers::bytes(&value)));
                let headers: serde_json::Map<String, Value> = headers.collect();
                triggers::packed(event.data.get().as_bytes(), "application/json", &Value::Object(headers))
            }
            _ => triggers::packed(&structured(message), cloudevents::CONTENT_TYPE, &Value::Null),
        };
        let emulator = self.emulator.as_ref().unwrap();
        assert_eq!(emulator.invoke(spec.name, &triggers::batch(spec.queue, &[packed])).await, Ok(Value::Null), "{}", spec.name);
    }
}

impl Carrier for Consumers {
    async fn bring(&self, spec: &'static ConsumerSpec, message: &Message, outcome: &str) {
        let logs = self.process(spec.name).logs();
        let before = logs.with_message("message settled").len();
        match self.way {
            Way::Queue => self.publish(spec, message).await,
            Way::Structured | Way::Binary => self.post(spec, message, outcome).await,
            Way::Batch | Way::BinaryBatch => self.invoke(spec, message).await,
        }
        let settled = async || logs.with_message("message settled").into_iter().nth(before);
        let line = until("a message is settled", settled).await;
        assert_eq!(line["labels.outcome"], outcome, "{:?}: {line}", self.way);
    }
}

/// The message as one JSON object, or whatever it is.
fn structured(message: &Message) -> Vec<u8> {
    match message {
        Message::Event(event) => event.encode_structured(),
        Message::Bytes(bytes) => bytes.clone(),
    }
}

/// The attributes by their names: the members of the structured event but for its data.
fn attributes(event: &CloudEvent) -> Vec<(String, String)> {
    let document: Value = serde_json::from_slice(&event.encode_structured()).unwrap();
    let members = document.as_object().unwrap().iter().filter(|(name, _)| !["data", "datacontenttype"].contains(&name.as_str()));
    members.map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

/// As the HTTP binding wants it (§3.1.3.2).
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| if byte.is_ascii_graphic() && byte != b'%' { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

/// Tells the story by one carrier and returns the rows that it leaves.
async fn rows(way: Way) -> Value {
    let options = if way == Way::Queue { Options::broker().only("create-order,get-order") } else { Options::http() };
    let stack = Stack::start(options).await;
    let consumers = Consumers::start(way, &stack).await;
    Story::begin(&consumers, stack.sql(), stack.tenant().await).await.tell().await;
    stack.sql().assert_books_are_right().await;
    let mut rows = json!({});
    for (name, query) in ROWS {
        rows[name] = masked(&Value::Array(stack.sql().rows(query).await));
    }
    every_consumer_has_a_message(&rows);
    rows
}

/// A consumer that heard nothing but lies was not tested: its first true message belongs into `story`.
fn every_consumer_has_a_message(rows: &Value) {
    let heard = ["inbox", "deferred"].iter().flat_map(|name| rows[name].as_array().unwrap());
    let mut heard: BTreeSet<_> = heard.map(|row| row["consumer"].as_str().unwrap()).collect();
    // What one of them files is kept under the names of the others.
    if rows["dead"].as_array().unwrap().iter().any(|row| row["reason_class"] == "killed_consumer") {
        heard.insert(catalog::ON_DEAD_LETTER.name);
    }
    // What is of best effort leaves no row of what it has done.
    let consumers: BTreeSet<_> = catalog::CONSUMERS.iter().filter(|spec| !spec.best_effort).map(|spec| spec.name).collect();
    assert_eq!(heard, consumers, "every consumer of the catalog has a true message in tests/hosts/story.rs");
}

#[tokio::test]
async fn consumers_leave_the_same_rows_whoever_brings_their_messages() {
    let queue = rows(Way::Queue).await;
    for way in [Way::Structured, Way::Binary, Way::Batch, Way::BinaryBatch] {
        let other = rows(way).await;
        for (name, _) in ROWS {
            let (expected, found) = (queue[name].as_array().unwrap(), other[name].as_array().unwrap());
            for (expected, found) in expected.iter().zip(found) {
                assert_eq!(found, expected, "{name} by {way:?}");
            }
            assert_eq!(found.len(), expected.len(), "{name} by {way:?}");
        }
    }
}
