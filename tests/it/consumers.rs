//! What every consumer does with what it cannot apply, and with what it has applied already.

use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use tests::{Caller, Options, Partner, Stack, raw_id, sample, until};

/// An order that no test places.
const UNKNOWN_ORDER: &str = "ord_0198f000000070008000000000000001";
/// A value that must not be repeated anywhere in clear.
const SECRET_VALUE: &str = "a-value-of-the-message";

#[tokio::test]
async fn news_of_an_order_that_is_not_there_yet_is_kept_for_it() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let early = reserved(&caller, UNKNOWN_ORDER);
    stack.partner().await.publish("inventory.events", &early).await;
    let row = row_of(&stack, "deferred_messages").await;
    assert_eq!((&row["class"], &row["consumer"]), (&json!("parked"), &json!("on-inventory-event")));
    assert_eq!((&row["message_id"], &row["type"]), (&json!(early.id), &json!("inventory.reserved.v1")));
    assert_eq!(row["order_id"].as_str().unwrap().replace('-', ""), raw_id(UNKNOWN_ORDER));
    assert_eq!(stack.sql().count("inbox").await, 0, "what took no effect is not claimed");
    assert_eq!(stack.sql().count("dead_letters").await, 0);
}

#[tokio::test]
async fn each_message_that_cannot_be_believed_is_filed_under_its_class() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let partner = stack.partner().await;
    let event = reserved(&caller, UNKNOWN_ORDER);
    let bytes = |change: fn(&mut CloudEvent)| {
        let mut event = event.clone();
        change(&mut event);
        event.encode_structured()
    };
    for (class, body) in [
        ("malformed", b"{".to_vec()),
        ("malformed", bytes(|event| event.data = raw(&json!({ "reservation_id": 7 })))),
        ("malformed", bytes(|event| event.subject = Some("not an order".into()))),
        ("oversized", vec![b' '; 70_000]),
        ("forged_source", bytes(|event| event.source = "/payments".into())),
        ("unknown_type", bytes(|event| event.r#type = "inventory.reserved.v2".into())),
        ("unknown_type", bytes(|event| event.r#type = "inventory.stolen.v1".into())),
        ("unknown_tenant", bytes(|event| event.tenantid = None)),
        ("unknown_tenant", bytes(|event| event.tenantid = Some("tenant one".into()))),
        ("unknown_tenant", bytes(|event| event.tenantid = Some(format!("ten_{}", uuid::Uuid::new_v4().simple())))),
    ] {
        stack.sql().execute("TRUNCATE dead_letters").await.unwrap();
        partner.publish_bytes("inventory.events", "inventory.reserved", &body).await;
        let row = row_of(&stack, "dead_letters").await;
        assert_eq!((&row["reason_class"], &row["consumer"]), (&json!(class), &json!("on-inventory-event")), "{row}");
    }
}

#[tokio::test]
async fn what_is_well_formed_and_impossible_is_poison() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    let operation = &caller.order(id).await["payments"][0]["operations"][0];
    let data = json!({
        "id": operation["id"], "kind": "refund", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": "p", "occurred_at": "2026-11-22T10:00:00Z"
    });
    let event = Partner::event("/payments", "refund.succeeded.v1", &caller.key.tenant_id, id, &data);
    stack.partner().await.publish("payments.events", &event).await;
    assert_eq!(row_of(&stack, "dead_letters").await["reason_class"], "poison");
    assert_eq!(caller.order(id).await["version"], 1);
}

#[tokio::test]
async fn a_dead_letter_shows_the_shape_of_its_message_and_no_value() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let mut event = reserved(&caller, UNKNOWN_ORDER);
    event.r#type = "inventory.stolen.v1".into();
    event.data = raw(&json!({ "thief": SECRET_VALUE, "count": 4711 }));
    stack.partner().await.publish("inventory.events", &event).await;
    let row = row_of(&stack, "dead_letters").await;
    assert_eq!(row["preview"]["data"], json!({ "thief": "string", "count": "number" }));
    for text in [row.to_string(), stack.logs().text()] {
        assert!(!text.contains(SECRET_VALUE) && !text.contains("4711"), "{text}");
    }
    // Nor is the sealed body the message in another spelling.
    let hex: String = SECRET_VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!row["body_sealed"].as_str().unwrap().contains(&hex));
}

#[tokio::test]
async fn a_message_takes_effect_once_however_often_it_comes() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    let partner = stack.partner().await;
    let event = reserved(&caller, id);
    for _ in 0..50 {
        partner.publish("inventory.events", &event).await;
    }
    until("all copies are settled", async || (settled(&stack, &event.id).len() == 50).then_some(())).await;
    assert_eq!(caller.order(id).await["version"], 2);
    assert_eq!(stack.sql().count("inbox WHERE consumer = 'on-inventory-event'").await, 1);
    assert_eq!(stack.sql().count("outbox WHERE routing_key = 'order.stock_reserved'").await, 1);
    assert_eq!(stack.sql().count("deferred_messages").await, 0);
    stack.sql().assert_books_are_right().await;
}

/// Stock that comes for a rejected order is let go, each time somebody says that it came: only the inbox knows a repeat from news.
#[tokio::test]
async fn what_the_order_itself_would_repeat_the_inbox_does_not() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    let partner = stack.partner().await;
    let refusal = json!({ "reservation_id": format!("{id}:1"), "order_id": id, "lines": [] });
    let event = Partner::event("/inventory", "inventory.rejected.v1", &caller.key.tenant_id, id, &refusal);
    partner.publish("inventory.events", &event).await;
    caller.order_once(id, "status", "rejected").await;
    let event = reserved(&caller, id);
    for _ in 0..50 {
        partner.publish("inventory.events", &event).await;
    }
    until("all copies are settled", async || (settled(&stack, &event.id).len() == 50).then_some(())).await;
    assert_eq!(stack.sql().count("outbox WHERE routing_key = 'inventory.release'").await, 1);
}

#[tokio::test]
async fn every_message_has_one_log_line() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let event = reserved(&caller, order["id"].as_str().unwrap());
    stack.partner().await.publish("inventory.events", &event).await;
    let line = stack.logs().find(|line| line["message"] == "message settled" && line["message.id"] == *event.id).await.unwrap();
    assert_eq!((&line["labels.consumer"], &line["labels.outcome"]), (&json!("on-inventory-event"), &json!("done")));
    assert_eq!((&line["order.id"], &line["tenant.id"]), (&order["id"], &json!(caller.key.tenant_id)));
    assert!(line["event.duration"].is_number());
    assert_eq!(settled(&stack, &event.id).len(), 1);
}

#[tokio::test]
async fn news_of_another_tenants_order_finds_no_order() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    stack.partner().await.publish("inventory.events", &reserved(&stranger, id)).await;
    assert_eq!(row_of(&stack, "deferred_messages").await["class"], "parked");
    assert_eq!(caller.order(id).await["status"], "pending");
}

fn reserved(caller: &Caller, order: &str) -> CloudEvent {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
    Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, order, &data)
}

fn raw(data: &Value) -> Box<serde_json::value::RawValue> {
    serde_json::value::to_raw_value(data).unwrap()
}

/// The only row of a table, once it is there.
async fn row_of(stack: &Stack, table: &str) -> Value {
    let sql = stack.sql();
    let rows = until(&format!("{table} has a row"), async || {
        Some(sql.rows(&format!("SELECT * FROM {table}")).await).filter(|rows| !rows.is_empty())
    })
    .await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0].clone()
}

fn settled(stack: &Stack, message_id: &str) -> Vec<Value> {
    let mut lines = stack.logs().with_message("message settled");
    lines.retain(|line| line["message.id"] == message_id);
    lines
}
