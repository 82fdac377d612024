//! Where messages go: an exchange is a channel to publish to, a queue is one to read from.

use serde_json::{Map, Value, json};

use super::messages::routing_key;
use crate::{
    domain::messages::MessageType,
    function::ConsumerSpec,
    messaging::{
        ConsumerFunction,
        topology::{EXCHANGES, Kind, ORDER_COMMANDS, ORDER_EVENTS, takes},
    },
};

/// The version of AsyncAPI's AMQP bindings that are used.
const BINDING_VERSION: &str = "0.3.0";

/// Every exchange that something is routed by, and every queue that a function reads.
pub(super) fn channels(consumers: &[ConsumerFunction]) -> Map<String, Value> {
    let exchanges = EXCHANGES.iter().filter(|exchange| exchange.kind == Kind::Topic);
    let exchanges = exchanges.map(|exchange| (exchange.name.to_owned(), exchange_channel(exchange.name, consumers)));
    let queues = readers(consumers).map(|spec| (spec.queue.to_owned(), queue_channel(spec)));
    exchanges.chain(queues).collect()
}

/// What is sent to each of our exchanges, and what each function reads.
pub(super) fn operations(consumers: &[ConsumerFunction]) -> Map<String, Value> {
    let sent = [
        ("send-events", ORDER_EVENTS, "Tell what happened to an order"),
        ("send-commands", ORDER_COMMANDS, "Ask a partner, or ourselves, for something"),
    ];
    let sent = sent.map(|(name, exchange, summary)| {
        let amqp = json!({"deliveryMode": 2, "mandatory": true, "bindingVersion": BINDING_VERSION});
        (name.to_owned(), operation("send", exchange, summary, &published_to(exchange), &amqp))
    });
    let received = readers(consumers).map(|spec| {
        let amqp = json!({"ack": true, "bindingVersion": BINDING_VERSION});
        (spec.name.to_owned(), operation("receive", spec.queue, spec.purpose, spec.types, &amqp))
    });
    sent.into_iter().chain(received).collect()
}

fn operation(action: &str, channel: &str, summary: &str, types: &[&str], amqp: &Value) -> Value {
    let channel = format!("#/channels/{channel}");
    let messages: Vec<_> = types.iter().map(|r#type| json!({"$ref": format!("{channel}/messages/{type}")})).collect();
    json!({"action": action, "channel": {"$ref": channel}, "summary": summary, "messages": messages, "bindings": {"amqp": amqp}})
}

fn exchange_channel(exchange: &str, consumers: &[ConsumerFunction]) -> Value {
    let ours = exchange == ORDER_EVENTS || exchange == ORDER_COMMANDS;
    let types = if ours { published_to(exchange) } else { taken_from(exchange, consumers) };
    let keys: Vec<_> = types.iter().map(|r#type| routing_key(r#type)).collect();
    let description = if ours { "Ours: bind a queue of your own to it." } else { "A partner's: publish to it." };
    json!({
        "address": "{routing_key}",
        "description": description,
        "messages": messages(&types),
        "parameters": {"routing_key": {"description": "The type without its version.", "enum": keys}},
        "bindings": {"amqp": {
            "is": "routingKey",
            "exchange": {"name": exchange, "type": Kind::Topic.as_str(), "durable": true, "autoDelete": false, "vhost": "/"},
            "bindingVersion": BINDING_VERSION,
        }},
    })
}

fn queue_channel(spec: &ConsumerSpec) -> Value {
    let bindings: Vec<_> =
        spec.bindings.iter().map(|binding| json!({"exchange": binding.exchange, "routing_keys": binding.routing_keys})).collect();
    json!({
        "address": spec.queue,
        "description": format!("Read by `{}`, and by nobody else.", spec.name),
        "messages": messages(spec.types),
        "bindings": {"amqp": {
            "is": "queue",
            "queue": {"name": spec.queue, "durable": true, "exclusive": false, "autoDelete": false, "vhost": "/"},
            "bindingVersion": BINDING_VERSION,
        }},
        "x-bound-to": bindings,
    })
}

fn messages(types: &[&str]) -> Map<String, Value> {
    types.iter().map(|r#type| ((*r#type).to_owned(), json!({"$ref": format!("#/components/messages/{type}")}))).collect()
}

/// Functions that read messages of known types. (Whatever died is of any.)
fn readers(consumers: &[ConsumerFunction]) -> impl Iterator<Item = &'static ConsumerSpec> {
    consumers.iter().map(|consumer| consumer.spec).filter(|spec| !spec.types.is_empty())
}

fn published_to(exchange: &str) -> Vec<&'static str> {
    MessageType::ALL.iter().filter(|kind| kind.exchange() == exchange).map(|kind| kind.as_str()).collect()
}

/// What functions take of a partner's exchange.
fn taken_from(exchange: &str, consumers: &[ConsumerFunction]) -> Vec<&'static str> {
    let bound = |spec: &ConsumerSpec, r#type: &str| {
        let mut keys = spec.bindings.iter().filter(|binding| binding.exchange == exchange).flat_map(|binding| binding.routing_keys);
        keys.any(|key| takes(key, routing_key(r#type)))
    };
    readers(consumers).flat_map(|spec| spec.types.iter().copied().filter(move |r#type| bound(spec, r#type))).collect()
}
