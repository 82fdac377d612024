//! `POST /v1/orders/{order_id}/cancel`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Caller, Options, Request, Stack, sample};

fn unpaid() -> Value {
    sample::with(|order| order["payments"] = json!([]))
}

async fn place(caller: &Caller, order: &Value) -> String {
    caller.place(order).await["id"].as_str().unwrap().to_owned()
}

fn cancel<'c>(caller: &'c Caller, id: &str) -> Request<'c> {
    caller.post(&format!("/v1/orders/{id}/cancel"))
}

#[tokio::test]
async fn an_order_that_nobody_waits_for_is_cancelled_at_once() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &unpaid()).await;
    let answer = cancel(&caller, &id).new_key().json(&json!({ "reason": "customer_request" })).send().await.expect(200);
    let order = answer.json();
    assert_eq!((&order["id"], &order["status"], &order["version"]), (&json!(id), &json!("cancelled"), &json!(3)));
    assert_eq!(answer.header("etag"), "\"v3\"");
    assert_eq!((&order["totals"]["balance_due"], &order["lines"][0]["cancelled"]), (&json!(0), &json!(2)));
    assert_eq!((&order["payment_status"], &order["fulfillment_status"]), (&json!("not_required"), &json!("not_required")));
    assert_eq!(caller.get(&format!("/v1/orders/{id}")).send().await.expect(200).json(), order);
    let history: Vec<_> = caller.history(&id).await.iter().map(|entry| (entry["action"].clone(), entry["reason"].clone())).collect();
    let expected =
        [(json!("created"), Value::Null), (json!("cancellation_requested"), json!("customer_request")), (json!("cancelled"), Value::Null)];
    assert_eq!(history, expected);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_cancellation_lets_stock_and_money_go_before_it_is_done() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let mut events = stack.partner().await.listen("orders.events", "order.cancelled").await;
    // Stock takes a second to answer, so the order is cancelled while it is asked for.
    let id = place(&caller, &sample::with_sku("SLOW-1")).await;
    let order = cancel(&caller, &id).new_key().send().await.expect(200).json();
    assert_eq!(order["status"], "cancelling");
    let order = caller.order_once(&id, "status", "cancelled").await;
    assert_eq!((&order["totals"]["balance_due"], &order["totals"]["captured"]), (&json!(0), &order["totals"]["refunded"]));
    assert_eq!(events.next().await.subject.as_deref(), Some(&*id));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_repeat_is_replayed_and_another_wish_changes_nothing() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &unpaid()).await;
    let first = cancel(&caller, &id).key("c-1").send().await.expect(200);
    let again = cancel(&caller, &id).key("c-1").send().await.expect(200);
    assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, "true"));
    let other = cancel(&caller, &id).key("c-2").send().await.expect(200);
    assert_eq!((&other.body, other.header("idempotency-replayed")), (&first.body, ""));
    assert_eq!(cancel(&caller, &id).key("c-2").send().await.expect(200).header("idempotency-replayed"), "true");
    cancel(&caller, &id).key("c-1").json(&json!({ "reason": "other" })).send().await.problem(422, "idempotency_key_reused");
    assert_eq!(stack.sql().count("outbox WHERE routing_key = 'order.cancelled'").await, 1);
}

#[tokio::test]
async fn fifty_cancellations_at_once_are_one() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &unpaid()).await;
    let answers = join_all((0..50).map(|number| cancel(&caller, &id).key(&format!("c-{}", number % 5)).send())).await;
    for answer in answers {
        match answer.status {
            200 => assert_eq!(answer.json()["status"], "cancelled"),
            _ => assert!(["order_busy", "idempotency_in_progress"].contains(&answer.expect(409).json()["code"].as_str().unwrap())),
        }
    }
    assert_eq!(stack.sql().count("order_history WHERE action = 'cancelled'").await, 1);
    assert_eq!(stack.sql().count("idempotency_records WHERE answer_sealed = ''").await, 0);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_refusal_says_what_is_allowed_and_spends_no_key() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let id = place(&caller, &sample::order()).await;
    caller.order_once(&id, "status", "completed").await;
    let problem = cancel(&caller, &id).key("c-1").send().await.problem(409, "invalid_transition");
    assert_eq!(problem["reasons"], json!(["order_ended"]));
    let allowed = problem["allowed_actions"].as_array().unwrap().iter().filter(|action| action["allowed"] == true);
    assert_eq!(allowed.map(|action| action["action"].clone()).collect::<Vec<_>>(), ["refund"], "what may be done instead");
    assert_eq!(caller.order(&id).await["allowed_actions"], problem["allowed_actions"]);
    assert_eq!(stack.sql().count("idempotency_records WHERE function = 'cancel-order'").await, 0);
}

#[tokio::test]
async fn a_hold_can_block_it() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &unpaid()).await;
    let hold = r#"UPDATE orders SET holds = '[{"kind": "fraud_review", "reason": null, "blocks": ["cancel"]}]'"#;
    stack.sql().execute(hold).await.unwrap();
    assert_eq!(caller.order(&id).await["holds"][0]["kind"], "fraud_review");
    let problem = cancel(&caller, &id).key("c-1").send().await.problem(409, "order_on_hold");
    assert_eq!(problem["allowed_actions"][0]["reasons"], json!(["on_hold"]));
    stack.sql().execute("UPDATE orders SET holds = '[]'").await.unwrap();
    cancel(&caller, &id).key("c-1").send().await.expect(200);
}

#[tokio::test]
async fn a_caller_may_insist_on_the_version_it_saw() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &unpaid()).await;
    let stale = |tag: &'static str| cancel(&caller, &id).new_key().header("if-match", tag).send();
    assert_eq!(stale("\"v2\"").await.problem(412, "version_mismatch")["version"], 1);
    stale("\"v1\"").await.expect(200);
}

#[tokio::test]
async fn bad_requests_change_nothing() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant_without_stock(), stack.tenant());
    let id = place(&caller, &unpaid()).await;
    cancel(&caller, &id).send().await.problem(400, "idempotency_key_required");
    cancel(&caller, &id).new_key().header("dry-run", "true").send().await.problem(400, "malformed");
    let pointer = async |body: Value| {
        let problem: Value = cancel(&caller, &id).new_key().json(&body).send().await.problem(422, "validation_failed");
        problem["errors"][0]["pointer"].as_str().unwrap().to_owned()
    };
    assert_eq!(pointer(json!({ "reason": "Kim changed her mind" })).await, "/reason");
    assert_eq!(pointer(json!({ "reason": 7 })).await, "/reason");
    assert_eq!(pointer(json!({ "why": "x" })).await, "/why");
    cancel(&stranger, &id).new_key().send().await.problem(404, "not_found");
    cancel(&caller, "ord_0198f000000070008000000000000001").new_key().send().await.problem(404, "not_found");
    assert_eq!(caller.order(&id).await["version"], 1);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again() {
    let mut stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, &unpaid()).await;
    let first: Answer = cancel(&caller, &id).key("c-1").send().await.expect(200);
    stack.service.kill();
    stack.restart().await;
    let caller = stack.caller(caller.key.clone());
    assert_eq!(cancel(&caller, &id).key("c-1").send().await.expect(200).body, first.body);
}

#[tokio::test]
async fn one_key_is_another_for_each_function_and_each_path() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let placed = caller.post("/v1/orders").key("k-1").json(&unpaid()).send().await.expect(201).json();
    let (id, other) = (placed["id"].as_str().unwrap(), place(&caller, &unpaid()).await);
    let cancelled = cancel(&caller, id).key("k-1").send().await.expect(200);
    assert_eq!((cancelled.header("idempotency-replayed"), &cancelled.json()["status"]), ("", &json!("cancelled")));
    // The same function at another path is another request.
    cancel(&caller, &other).key("k-1").send().await.problem(422, "idempotency_key_reused");
    assert_eq!(caller.order(&other).await["status"], "awaiting_payment");
}
