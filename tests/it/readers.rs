//! Programs that speak CloudEvents over AMQP and share no code with us: they understand what we publish, and we what they send.

use std::process::Stdio;

use serde_json::{Value, json};
use tests::{Caller, Options, Stack, check_message, sample, until};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

use super::signers::installed;

fn program(name: &str, arguments: &[&str], stack: &Stack) -> Child {
    let (_, amqp_url) = stack.environment().iter().find(|(variable, _)| *variable == "AMQP_URL").unwrap();
    let script = format!("{}/fixtures/readers/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(installed("TEST_READERS_PYTHON"));
    command.arg(script).args(arguments).kill_on_drop(true).env("AMQP_URL", amqp_url);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// An event of a partner, sent by the libraries in one of their modes.
async fn send(stack: &Stack, mode: &str, exchange: &str, event: &Value) {
    let mut child = program("send.py", &[mode, exchange], stack);
    child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{mode}: {}", String::from_utf8_lossy(&output.stderr));
}

fn event(caller: &Caller, order: &Value, source: &str, r#type: &str, data: Value) -> Value {
    let id = format!("partner-{}", uuid::Uuid::new_v4().simple());
    let attributes = json!({
        "id": id, "source": source, "type": r#type, "subject": order["id"], "tenantid": caller.key.tenant_id, "datacontenttype": "application/json",
    });
    json!({ "attributes": attributes, "data": data })
}

fn captured(caller: &Caller, order: &Value) -> Value {
    let data = json!({
        "id": order["payments"][0]["operations"][0]["id"], "kind": "capture", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": "größer 🍵", "occurred_at": "2026-11-22T10:00:00Z",
    });
    event(caller, order, "/payments", "payment.captured.v1", data)
}

#[tokio::test]
async fn a_foreign_reader_understands_every_event_of_an_order() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let mut reader = program("read.py", &["order.#", "order.completed.v1"], &stack);
    let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("bound"));
    let order = caller.place(&sample::order()).await;
    let mut understood: Vec<Value> = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        understood.push(serde_json::from_str(&line).unwrap());
    }
    let output = reader.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    for (event, sequence) in understood.iter().zip(1..) {
        let (attributes, data) = (&event["attributes"], &event["data"]);
        assert_eq!((&attributes["sequence"], &attributes["subject"]), (&json!(sequence), &order["id"]));
        assert_eq!((&event["message_id"], &data["order"]["id"]), (&attributes["id"], &order["id"]));
        // What it understood is the whole event: put together again, it is what its schema says.
        let mut whole = attributes.clone();
        whole["data"] = data.clone();
        whole["time"] = "2026-11-22T10:00:00Z".into();
        assert_eq!(check_message(&whole), Vec::<String>::new());
    }
    let types: Vec<_> = understood.iter().map(|event| event["attributes"]["type"].as_str().unwrap()).collect();
    assert_eq!((types[0], *types.last().unwrap()), ("order.created.v1", "order.completed.v1"));
}

#[tokio::test]
async fn what_foreign_senders_send_takes_effect_in_every_mode() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    for mode in ["structured", "ce", "cloudEvents"] {
        let placed = caller.place(&sample::order()).await;
        let order = caller.order(placed["id"].as_str().unwrap()).await;
        let id = order["id"].as_str().unwrap();
        let answer = json!({ "reservation_id": format!("{id}:1"), "order_id": id });
        send(&stack, mode, "inventory.events", &event(&caller, &order, "/inventory", "inventory.reserved.v1", answer)).await;
        send(&stack, mode, "payments.events", &captured(&caller, &order)).await;
        let confirmed = caller.order_once(id, "status", "confirmed").await;
        assert_eq!(confirmed["payment_status"], "paid", "{mode}");
    }
    let dead = stack.sql().rows("SELECT * FROM dead_letters").await;
    assert!(dead.is_empty(), "{dead:?}");
}

#[tokio::test]
async fn an_event_is_the_same_event_in_every_mode() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let placed = caller.place(&sample::order()).await;
    let order = caller.order(placed["id"].as_str().unwrap()).await;
    let news = captured(&caller, &order);
    for mode in ["cloudEvents", "structured", "ce"] {
        send(&stack, mode, "payments.events", &news).await;
    }
    let settled =
        || stack.logs().with_message("message settled").iter().filter(|line| line["message.id"] == news["attributes"]["id"]).count();
    until("all three are settled", async || (settled() == 3).then_some(())).await;
    assert_eq!(stack.sql().count("inbox WHERE consumer = 'on-payment-event'").await, 1);
    assert_eq!(stack.sql().count("outbox WHERE routing_key = 'order.payment_captured'").await, 1);
}
