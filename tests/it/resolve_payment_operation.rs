//! `POST /v1/ops/payment-operations/{operation_id}/resolve`.

use serde_json::{Value, json};
use shared::domain::permissions::Permission;
use tests::{Caller, Options, Request, Stack, raw_id, sample};

fn resolve<'c>(caller: &'c Caller, operation: &str, outcome: &str) -> Request<'c> {
    let body = json!({ "outcome": outcome, "provider_reference": "ch_1", "reason": "seen_in_statement" });
    caller.post(&format!("/v1/ops/payment-operations/{operation}/resolve")).json(&body)
}

/// An order whose payment has an unknown outcome: its id and the operation's.
async fn unknown(stack: &Stack, caller: &Caller) -> (String, String) {
    let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let operation = caller.order(&id).await["payments"][0]["operations"][0]["id"].as_str().unwrap().to_owned();
    let lost = format!("UPDATE payment_operations SET state = 'unknown', attention = 'unanswered' WHERE id = '{}'", raw_id(&operation));
    assert_eq!(stack.sql().execute(&lost).await.unwrap(), 1);
    (id, operation)
}

#[tokio::test]
async fn what_a_person_found_moves_the_order_on_once_and_is_in_the_trail() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, operation) = unknown(&stack, &caller).await;
    let answer = resolve(&stack.operator(), &operation, "succeeded").key("settled").send().await.expect(200).json();
    assert_eq!((&answer["status"], &answer["settled_amount"], &answer["attention"]), (&json!("succeeded"), &json!(3490), &Value::Null));
    let order = caller.order(&id).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("confirmed"), &json!("paid")));
    let again = resolve(&stack.operator(), &operation, "succeeded").key("settled").send().await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", answer));
    let tenant = raw_id(&caller.key.tenant_id);
    let trail = format!("audit WHERE tenant_id = '{tenant}' AND action = 'payment_operation.resolved' AND subject = '{operation}'");
    assert_eq!(stack.sql().count(&trail).await, 1);
    let entry = caller.history(&id).await.into_iter().find(|entry| entry["action"] == "operation_resolved").unwrap();
    assert_eq!((&entry["reason"], &entry["actor"]), (&json!("seen_in_statement"), &json!(stack.operator().key.key_id)));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_failure_that_is_found_leaves_the_order_waiting() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, operation) = unknown(&stack, &caller).await;
    let answer = resolve(&stack.operator(), &operation, "failed").new_key().send().await.expect(200).json();
    assert_eq!((&answer["status"], &answer["failure"]["code"]), (&json!("failed"), &json!("resolved_as_failed")));
    assert_eq!(caller.order(&id).await["payment_status"], "failed");
    resolve(&stack.operator(), &operation, "succeeded").new_key().send().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_success_that_is_looked_at_is_acknowledged_and_not_undone() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, operation) = unknown(&stack, &caller).await;
    resolve(&stack.operator(), &operation, "succeeded").new_key().send().await.expect(200);
    let disputed = format!("UPDATE payment_operations SET attention = 'conflicting_outcome' WHERE id = '{}'", raw_id(&operation));
    stack.sql().execute(&disputed).await.unwrap();
    let problem = resolve(&stack.operator(), &operation, "failed").new_key().send().await.problem(409, "invalid_transition");
    assert!(problem["detail"].as_str().unwrap().contains("void, a refund or a reversal"));
    resolve(&stack.operator(), &operation, "succeeded").new_key().send().await.expect(200);
    assert_eq!(caller.order(&id).await["totals"]["captured"], 3490);
}

#[tokio::test]
async fn no_tenant_settles_another_ones_even_with_the_scope() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, operation) = unknown(&stack, &caller).await;
    let version = caller.order(&id).await["version"].clone();
    let stranger = stack.tenant_with_scopes(&[Permission::OpsWrite]).await;
    resolve(&stranger, &operation, "succeeded").new_key().send().await.problem(404, "not_found");
    resolve(&caller, &operation, "succeeded").new_key().send().await.problem(403, "insufficient_scope");
    assert_eq!(caller.order(&id).await["version"], version);
}
