//! The payment deadline: what is not paid expires and lets go of everything, and nothing expires that might be paid.

use serde_json::{Value, json};
use tests::{Caller, Options, Stack, raw_id, sample, until};

const DEADLINE: &str = "payment_deadline";

#[tokio::test]
async fn an_order_that_nobody_pays_expires_and_its_stock_is_let_go() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let mut events = stack.partner().await.listen("orders.events", "order.expired").await;
    let id = place(&caller, json!([])).await;
    caller.order_once(&id, "status", "awaiting_payment").await;
    stack.sql().make_due(DEADLINE).await;
    let order = caller.order_once(&id, "status", "expired").await;
    assert_eq!((&order["totals"]["balance_due"], &order["lines"][0]["cancelled"]), (&json!(0), &json!(2)));
    assert_eq!(events.next().await.subject.as_deref(), Some(id.as_str()));
    let freed = "SELECT stock_status FROM orders";
    until("the stock is free", async || (stack.sql().value(freed).await == "released").then_some(())).await;
    let last = caller.history(&id).await.pop().unwrap();
    assert_eq!((&last["action"], &last["actor"]), (&json!("expired"), &json!("function:expire-orders")));
    assert_eq!(stack.sql().count("timers").await, 0);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn what_was_paid_in_part_goes_back() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, tender("tok_visa", 1000)).await;
    caller.order_once(&id, "payment_status", "partially_paid").await;
    stack.sql().make_due(DEADLINE).await;
    caller.order_once(&id, "status", "expired").await;
    let order = caller.order_once(&id, "payment_status", "refunded").await;
    assert_eq!((&order["totals"]["captured"], &order["totals"]["refunded"]), (&json!(1000), &json!(1000)));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn the_payment_service_is_asked_before_an_order_expires() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, tender("tok_mute", 3490)).await;
    on_its_way(&stack).await;
    stack.sql().make_due(DEADLINE).await;
    let order = caller.order_once(&id, "status", "completed").await;
    assert_eq!(order["payment_status"], "paid");
    let history = caller.history(&id).await;
    let captured = history.iter().find(|entry| entry["action"] == "payment_captured").unwrap();
    assert_eq!(captured["actor"], "function:expire-orders");
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn an_order_whose_money_is_on_its_way_is_looked_at_again() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, tender("tok_late", 3490)).await;
    on_its_way(&stack).await;
    postponed(&stack).await;
    let wait = "SELECT due_at BETWEEN now() + interval '30 seconds' AND now() + interval '60 seconds' AS soon
                FROM timers WHERE kind = 'payment_deadline'";
    until("it is due in a minute", async || (stack.sql().value(wait).await == true).then_some(())).await;
    assert_eq!(caller.order(&id).await["status"], "awaiting_payment");
}

#[tokio::test]
async fn nothing_expires_while_the_payment_service_cannot_be_asked() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, tender("tok_visa", 3490)).await;
    postponed(&stack).await;
    let order = caller.order(&id).await;
    assert_eq!((&order["status"], &order["version"]), (&json!("awaiting_payment"), &json!(1)));
}

#[tokio::test]
async fn a_customer_who_acts_too_late_gets_the_money_back() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let mut events = stack.partner().await.listen("orders.events", "order.late_payment_received").await;
    let id = place(&caller, tender("tok_action", 3490)).await;
    let operation = until("the customer is asked to act", async || {
        let order = caller.order(&id).await;
        Some(order["payments"][0]["operations"][0].clone()).filter(|operation| operation["next_action"].is_object())
    })
    .await;
    stack.sql().make_due(DEADLINE).await;
    caller.order_once(&id, "status", "expired").await;
    stack.fetch(operation["next_action"]["url"].as_str().unwrap()).await;
    events.next().await;
    let order = caller.order_once(&id, "payment_status", "refunded").await;
    assert_eq!(order["status"], "expired", "the dead stay dead");
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn the_deadline_of_an_order_that_is_done_is_forgotten() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let id = place(&caller, tender("tok_visa", 3490)).await;
    let version = caller.order_once(&id, "status", "completed").await["version"].clone();
    let left = format!("INSERT INTO timers SELECT tenant_id, '{DEADLINE}', id, now() FROM orders WHERE id = '{}'", raw_id(&id));
    stack.sql().execute(&left).await.unwrap();
    until("it is forgotten", async || (stack.sql().count("timers").await == 0).then_some(())).await;
    assert_eq!(caller.order(&id).await["version"], version);
}

#[tokio::test]
async fn two_processes_expire_each_order_once() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let _second = stack.another(&["--only", "expire-orders"]).await;
    for _ in 0..30 {
        place(&caller, json!([])).await;
    }
    stack.sql().make_due(DEADLINE).await;
    until("all are expired", async || (stack.sql().count("orders WHERE status = 'expired'").await == 30).then_some(())).await;
    assert_eq!(stack.sql().count("order_history WHERE action = 'expired'").await, 30);
    assert_eq!(stack.sql().count("outbox WHERE routing_key = 'order.expired'").await, 30);
    stack.sql().assert_books_are_right().await;
}

async fn place(caller: &Caller, payments: Value) -> String {
    let order = sample::with(|order| order["payments"] = payments);
    caller.place(&order).await["id"].as_str().unwrap().to_owned()
}

fn tender(token: &str, amount: i64) -> Value {
    json!([{ "method": "card", "token": token, "amount": amount, "capture": "automatic" }])
}

/// Waits until the only operation has left for the payment service.
async fn on_its_way(stack: &Stack) {
    let state = "SELECT state FROM payment_operations";
    until("the operation is on its way", async || (stack.sql().value(state).await == "sent").then_some(())).await;
}

/// Lets the deadline pass until it was put off.
async fn postponed(stack: &Stack) {
    let postponed = r#"job_items_total{function="expire-orders",outcome="postponed"}"#;
    until("the deadline is put off", async || {
        stack.sql().make_due(DEADLINE).await;
        stack.metrics().await.contains(postponed).then_some(())
    })
    .await;
}
