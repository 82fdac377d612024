//! What a payment service may do: refuse, be slow, say things twice, early, late or never.

use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use tests::{Caller, Options, Partner, Stack, sample};

#[tokio::test]
async fn a_declined_payment_leaves_the_order_waiting_for_another() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let id = place(&caller, "tok_declined").await;
    caller.order_once(&id, "payment_status", "failed").await;
    let order = caller.order_once(&id, "status", "awaiting_payment").await;
    let operation = &order["payments"][0]["operations"][0];
    assert_eq!((&operation["status"], &operation["failure"]["code"]), (&json!("failed"), &json!("card_declined")));
    assert_eq!((&order["totals"]["captured"], &order["totals"]["balance_due"]), (&json!(0), &json!(3490)));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_payment_completes_however_the_service_tells_of_it() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let tokens = ["tok_visa", "tok_duplicate", "tok_event_first", "tok_silent", "tok_slow", "tok_error"];
    let lives = tokens.map(async |token| {
        let id = place(&caller, token).await;
        let order = caller.order_once(&id, "status", "completed").await;
        assert_eq!(order["totals"]["captured"], 3490, "{token}");
        let captured = caller.history(&id).await.iter().filter(|entry| entry["action"] == "payment_captured").count();
        assert_eq!(captured, 1, "{token}");
    });
    futures_util::future::join_all(lives).await;
    assert_eq!(kinds(&stack).await, ["capture"; 6], "each was asked for once, whatever the attempts");
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_payment_that_needs_the_customer_waits_for_the_customer() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let mut events = stack.partner().await.listen("orders.events", "order.payment_requires_action").await;
    let id = place(&caller, "tok_action").await;
    events.next().await;
    let order = caller.order(&id).await;
    let operation = &order["payments"][0]["operations"][0];
    assert_eq!((&operation["status"], &operation["next_action"]["kind"]), (&json!("requested"), &json!("redirect")));
    let (status, _) = stack.fetch(operation["next_action"]["url"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    caller.order_once(&id, "status", "completed").await;
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_payment_without_an_answer_is_unknown_until_an_event_tells() {
    // Accepts connections and never answers: the listener lives as long as the test.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", mute.local_addr().unwrap());
    let stack = Stack::start(Options::broker().set("PAYMENT_SERVICE_URL", &address)).await;
    let caller = stack.tenant_without_stock().await;
    let partner = stack.partner().await;
    let mut events = partner.listen("orders.events", "order.#").await;
    let id = place(&caller, "tok_visa").await;
    events.until_type("order.payment_unknown.v1").await;
    let order = caller.order(&id).await;
    assert_eq!(order["payments"][0]["operations"][0]["status"], "unknown");
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("awaiting_payment"), &json!("pending")), "a timeout is no failure");

    partner.publish("payments.events", &outcome(&caller, &order, "payment.captured.v1", "succeeded", 3490)).await;
    caller.order_once(&id, "status", "confirmed").await;
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn the_last_word_of_a_payment_stands() {
    let stack = Stack::start(Options::broker().set("PAYMENT_SERVICE_URL", "http://127.0.0.1:1")).await;
    let caller = stack.tenant_without_stock().await;
    let partner = stack.partner().await;
    let _commands = partner.listen_to_commands().await;
    let mut events = partner.listen("orders.events", "order.attention_required").await;
    let id = place(&caller, "tok_visa").await;
    let order = caller.order(&id).await;
    partner.publish("payments.events", &outcome(&caller, &order, "payment.captured.v1", "succeeded", 3490)).await;
    caller.order_once(&id, "payment_status", "paid").await;
    // Money that was taken cannot become untaken by a later claim: a person must look.
    let mut failed: Value = outcome(&caller, &order, "payment.failed.v1", "failed", 3490).data_as().unwrap();
    failed["failure"] = json!({ "code": "card_declined", "message": "no" });
    let event = Partner::event("/payments", "payment.failed.v1", &caller.key.tenant_id, &id, &failed);
    partner.publish("payments.events", &event).await;
    let attention: Value = events.next().await.data_as().unwrap();
    assert_eq!(attention["reason"], "conflicting_outcome");
    assert_eq!(caller.order(&id).await["totals"]["captured"], 3490);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn an_outcome_in_another_currency_is_not_believed() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, "tok_visa").await;
    let order = caller.order(&id).await;
    let mut data: Value = outcome(&caller, &order, "payment.captured.v1", "succeeded", 3490).data_as().unwrap();
    data["currency"] = "JPY".into();
    let event = Partner::event("/payments", "payment.captured.v1", &caller.key.tenant_id, &id, &data);
    stack.partner().await.publish("payments.events", &event).await;
    tests::until("the message is dead", async || {
        (stack.sql().count("dead_letters WHERE reason_class = 'poison'").await == 1).then_some(())
    })
    .await;
    assert_eq!(caller.order(&id).await["totals"]["captured"], 0);
}

async fn place(caller: &Caller, token: &str) -> String {
    caller.place(&sample::with_token(token)).await["id"].as_str().unwrap().to_owned()
}

/// What the payment service would say about the first operation of an order.
fn outcome(caller: &Caller, order: &Value, r#type: &str, status: &str, amount: i64) -> CloudEvent {
    let operation = &order["payments"][0]["operations"][0];
    let data = json!({
        "id": operation["id"], "kind": operation["kind"], "status": status, "amount": amount, "currency": "EUR",
        "provider_reference": "prov-1", "occurred_at": "2026-11-22T10:00:00Z"
    });
    Partner::event("/payments", r#type, &caller.key.tenant_id, order["id"].as_str().unwrap(), &data)
}

/// The kinds of operations that the simulated payment service was asked for.
async fn kinds(stack: &Stack) -> Vec<String> {
    let operations = stack.payment_operations().await;
    operations.iter().map(|operation| operation["kind"].as_str().unwrap().to_owned()).collect()
}
