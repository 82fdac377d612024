//! What a trigger does with a function that cannot do its work, and what a function does with a trigger that does not fit.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::cloudevents;
use tests::{Caller, Emulator, Options, Partner, Process, Program, Servers, Stack, sample, until};

/// Nobody listens there.
const NO_DATABASE: (&str, &str) = ("DATABASE_URL", "postgres://127.0.0.1:1/orders");

/// An event of Amazon MQ, with the nulls that it really has.
pub fn batch(queue: &str, messages: &[Value]) -> Value {
    json!({
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:eu-central-1:123456789012:broker:orders:b-0198f000",
        "rmqMessagesByQueue": { format!("{queue}::/"): messages },
    })
}

/// One message of it.
pub fn packed(body: &[u8], content_type: &str, headers: &Value) -> Value {
    let nulls =
        ["contentEncoding", "correlationId", "replyTo", "expiration", "timestamp", "type", "userId", "appId", "clusterId", "priority"];
    let mut properties: Value = nulls.iter().map(|name| ((*name).to_owned(), Value::Null)).collect::<serde_json::Map<_, _>>().into();
    properties["contentType"] = content_type.into();
    properties["headers"] = headers.clone();
    properties["deliveryMode"] = 2.into();
    properties["bodySize"] = body.len().into();
    json!({ "basicProperties": properties, "redelivered": false, "data": STANDARD.encode(body) })
}

/// A header's text as Amazon MQ writes it: Java's signed bytes.
pub fn bytes(text: &str) -> Value {
    json!({ "bytes": text.bytes().map(u8::cast_signed).collect::<Vec<_>>() })
}

fn reserved(caller: &Caller, order: &str) -> Vec<u8> {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
    Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, order, &data).encode_structured()
}

#[tokio::test]
async fn bad_messages_do_not_hold_up_a_batch() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    let mut emulator = Emulator::start().await;
    emulator.host("on-inventory-event", stack.environment());
    let good = packed(&reserved(&caller, id), cloudevents::CONTENT_TYPE, &Value::Null);
    let event = batch("order-service.inventory-events", &[json!({ "data": "§" }), json!(7), json!({}), packed(b"{", "", &json!({})), good]);
    assert_eq!(emulator.invoke("on-inventory-event", &event).await, Ok(Value::Null));
    assert_eq!(caller.order(id).await["status"], "awaiting_payment");
    let reasons = stack.sql().rows("SELECT reason_class, reason FROM dead_letters ORDER BY created_at").await;
    let reasons: Vec<_> = reasons.iter().map(|row| (row["reason_class"].as_str().unwrap(), row["reason"].as_str().unwrap())).collect();
    assert_eq!(reasons[..2], [("malformed", "its data is not base64"), ("malformed", "its data is not text")]);
    assert_eq!(reasons.len(), 4);
    // The trigger brings the whole batch again when its answer got lost; what took effect is not repeated.
    assert_eq!(emulator.invoke("on-inventory-event", &event).await, Ok(Value::Null));
    assert_eq!(caller.order(id).await["version"], 2);
}

#[tokio::test]
async fn a_batch_tells_whom_a_message_killed() {
    let stack = Stack::start(Options::http()).await;
    let mut emulator = Emulator::start().await;
    emulator.host("on-dead-letter", stack.environment());
    let death = |queue: &str| json!({ "count": 10, "reason": bytes("delivery_limit"), "queue": bytes(queue), "time": null });
    let headers = json!({ "x-death": [death("order-service.payment-operations"), death("order-service.payment-events")] });
    let killer = packed(b"{", cloudevents::CONTENT_TYPE, &headers);
    assert_eq!(emulator.invoke("on-dead-letter", &batch("order-service.dead-letters", &[killer])).await, Ok(Value::Null));
    let letters = stack.sql().rows("SELECT consumer, reason_class FROM dead_letters").await;
    assert_eq!(letters, [json!({ "consumer": "send-payment-operation", "reason_class": "killed_consumer" })]);
}

#[tokio::test]
async fn a_body_of_any_length_is_answered_and_filed() {
    let stack = Stack::start(Options::http()).await;
    let process = Process::start(Program::Function("on-inventory-event"), &[], stack.environment()).await;
    let address = format!("http://127.0.0.1:{}/", process.port("server.port"));
    let request = Servers::http_client().post(address).header("content-type", cloudevents::CONTENT_TYPE).body(vec![b' '; 5_000_000]);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 202);
    let row = &stack.sql().rows("SELECT reason_class, length(body_sealed) < 2000000 AS is_cut FROM dead_letters").await[0];
    assert_eq!(*row, json!({ "reason_class": "oversized", "is_cut": true }));
}

#[tokio::test]
async fn an_event_of_something_else_is_refused_by_name() {
    let stack = Stack::start(Options::http()).await;
    let mut emulator = Emulator::start().await;
    emulator.host("on-inventory-event", stack.environment());
    for event in [json!({}), json!({ "eventSource": "aws:sqs", "Records": [] }), json!({ "eventSource": "aws:rmq" }), json!([])] {
        let refusal = emulator.invoke("on-inventory-event", &event).await.unwrap_err();
        assert!(refusal["errorMessage"].as_str().unwrap().starts_with("not an Amazon MQ event for RabbitMQ: "), "{refusal}");
    }
    assert_eq!(stack.sql().count("dead_letters").await, 0);
}

#[tokio::test]
async fn without_postgresql_a_message_is_asked_for_again() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let (name, url) = NO_DATABASE;
    let environment = [stack.environment(), &[(name, url.to_owned())]].concat();
    let message = reserved(&caller, "ord_0198f000000070008000000000000001");

    let process = Process::start(Program::Function("on-inventory-event"), &[], &environment).await;
    let address = format!("http://127.0.0.1:{}/", process.port("server.port"));
    let request = Servers::http_client().post(address).header("content-type", cloudevents::CONTENT_TYPE).body(message.clone());
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));

    let mut emulator = Emulator::start().await;
    emulator.host("on-inventory-event", &environment);
    let event = batch("q", &[packed(&message, cloudevents::CONTENT_TYPE, &Value::Null)]);
    let failure = emulator.invoke("on-inventory-event", &event).await.unwrap_err();
    assert_eq!(failure, json!({ "errorType": "BatchFailed", "errorMessage": "PostgreSQL is away; 0 messages of 1 were settled" }));
}

#[tokio::test]
async fn jobs_get_their_turn_on_lambda() {
    let stack = Stack::start(Options::broker().only("create-order")).await;
    let mut emulator = Emulator::start().await;
    emulator.host("migrate", stack.environment());
    emulator.host("outbox-relay", stack.environment());
    assert_eq!(emulator.invoke("migrate", &json!({})).await, Ok(Value::Null));

    let partner = stack.partner().await;
    let event = json!({ "source": "aws.scheduler" });
    let turn = emulator.invoke("outbox-relay", &event);
    let published = async {
        // The relay declares the exchange that events go to.
        until("the relay works", async || partner.has_exchange("orders.events").await.then_some(())).await;
        let mut events = partner.listen("orders.events", "order.created").await;
        let order = stack.tenant().await.place(&sample::order()).await;
        assert_eq!(events.next().await.subject.as_deref(), order["id"].as_str());
    };
    // Its turn lasts for a minute, and nobody waits for its end here.
    tokio::select! {
        outcome = turn => panic!("the turn ended at once: {outcome:?}"),
        () = published => {}
    }
}
