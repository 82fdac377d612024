//! Operations without an outcome: the payment service is asked until it says, is sent what it has never seen, and in the end a person looks.

use std::cell::RefCell;

use serde_json::{Value, json};
use tests::{Caller, Options, Stack, sample, until};

const QUESTIONS: &str = "payment_reconcile";

#[tokio::test]
async fn a_success_of_which_nobody_tells_is_found_by_asking() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let id = place(&caller, "tok_mute").await;
    caller.order_once(&id, "status", "awaiting_payment").await;
    until("the operation is pending", async || (open(&stack).await == json!("sent")).then_some(())).await;
    stack.sql().make_due(QUESTIONS).await;
    caller.order_once(&id, "status", "completed").await;
    let history = caller.history(&id).await;
    let captured = history.iter().find(|entry| entry["action"] == "payment_captured").unwrap();
    assert_eq!(captured["actor"], "function:reconcile-payments");
    assert_eq!(stack.sql().count("timers").await, 0);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn what_the_payment_service_has_never_seen_is_sent_again_and_done_once() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place(&caller, "tok_lost").await;
    until("the operation is on its way", async || (open(&stack).await == json!("sent")).then_some(())).await;
    stack.sql().make_due(QUESTIONS).await;
    caller.order_once(&id, "payment_status", "paid").await;
    assert_eq!(stack.payment_operations().await.len(), 1, "asked for twice under one id");
    assert!(stack.sql().count("outbox WHERE routing_key = 'payment.operation.requested'").await >= 2);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn after_the_last_question_a_person_is_called_and_a_late_answer_still_counts() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let mut events = stack.partner().await.listen("orders.events", "order.attention_required").await;
    let id = place(&caller, "tok_late").await;
    let operation = caller.order(&id).await["payments"][0]["operations"][0]["id"].clone();
    until("the operation is pending", async || (open(&stack).await == json!("sent")).then_some(())).await;
    let asked = RefCell::new(Vec::new());
    until("nothing is asked any more", async || {
        let attempts = stack.sql().value("SELECT attempts FROM timers WHERE kind = 'payment_reconcile'").await;
        // There is none when the last question was asked in this moment.
        if !attempts.is_null() && asked.borrow().last() != Some(&attempts) {
            asked.borrow_mut().push(attempts);
        }
        stack.sql().make_due(QUESTIONS).await;
        (stack.sql().count("timers WHERE kind = 'payment_reconcile'").await == 0).then_some(())
    })
    .await;
    assert_eq!(asked.into_inner(), (0..7).map(|attempts| json!(attempts)).collect::<Vec<_>>(), "one question after the other");
    let attention: Value = events.next().await.data_as().unwrap();
    assert_eq!((&attention["reason"], &attention["operation_id"]), (&json!("unanswered"), &operation));
    assert_eq!(stack.sql().value("SELECT attention FROM payment_operations").await, "unanswered");
    assert_eq!(caller.order(&id).await["status"], "awaiting_payment");

    stack.simulate(&format!("operations/{}/finish", operation.as_str().unwrap())).await;
    caller.order_once(&id, "payment_status", "paid").await;
    assert_eq!(stack.sql().value("SELECT attention FROM payment_operations").await, Value::Null);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_payment_service_that_is_away_uses_up_no_question() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    place(&caller, "tok_visa").await;
    let away = r#"job_items_total{function="reconcile-payments",outcome="partner_away"}"#;
    until("it could not be asked", async || {
        stack.sql().make_due(QUESTIONS).await;
        stack.metrics().await.contains(away).then_some(())
    })
    .await;
    assert_eq!(stack.sql().value("SELECT attempts FROM timers WHERE kind = 'payment_reconcile'").await, 0);
    assert_eq!(stack.sql().count("order_history").await, 1);
}

#[tokio::test]
async fn a_question_about_nothing_is_asked_no_more() {
    let stack = Stack::start(Options::broker()).await;
    let orphan = "INSERT INTO timers (tenant_id, kind, subject_id, due_at)
                  SELECT gen_random_uuid(), kind, gen_random_uuid(), now() FROM unnest(ARRAY['payment_reconcile', 'payment_deadline']) AS kind";
    stack.sql().execute(orphan).await.unwrap();
    until("both are gone", async || (stack.sql().count("timers").await == 0).then_some(())).await;
}

async fn place(caller: &Caller, token: &str) -> String {
    caller.place(&sample::with_token(token)).await["id"].as_str().unwrap().to_owned()
}

/// How far the only operation has come.
async fn open(stack: &Stack) -> Value {
    stack.sql().value("SELECT state FROM payment_operations").await
}
