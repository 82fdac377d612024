//! `POST /v1/payments/{payment_id}/captures`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Options, Request, Stack, sample};

/// A confirmed order whose money is set aside: its id and its tender's.
async fn set_aside(caller: &Caller, token: &str) -> (String, String) {
    let id = caller.place(&sample::manual(token)).await["id"].as_str().unwrap().to_owned();
    let order = caller.order_once(&id, "payment_status", "authorized").await;
    (id, order["payments"][0]["id"].as_str().unwrap().to_owned())
}

fn capture<'c>(caller: &'c Caller, payment: &str) -> Request<'c> {
    caller.post(&format!("/v1/payments/{payment}/captures"))
}

#[tokio::test]
async fn what_is_set_aside_is_taken_and_the_order_completes() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let (id, payment) = set_aside(&caller, "tok_visa").await;
    let version = caller.order_once(&id, "fulfillment_status", "delivered").await["version"].as_u64().unwrap();
    let answer = capture(&caller, &payment).new_key().send().await.expect(202);
    assert_eq!(answer.header("etag"), format!("\"v{}\"", version + 1));
    let operation = &answer.json()["operations"][0];
    assert_eq!((&operation["kind"], &operation["status"], &operation["amount"]), (&json!("capture"), &json!("requested"), &json!(3490)));
    let order = caller.order_once(&id, "status", "completed").await;
    assert_eq!((&order["totals"]["captured"], &order["totals"]["authorized"]), (&json!(3490), &json!(0)));
    assert_eq!(stack.partner_books(&id).await[0]["net"], 3490);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_part_is_taken_and_with_the_last_one_the_rest_is_let_go() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, payment) = set_aside(&caller, "tok_visa").await;
    capture(&caller, &payment).new_key().json(&json!({ "amount": 1000 })).send().await.expect(202);
    capture(&caller, &payment).new_key().json(&json!({ "amount": 2000, "final": true })).send().await.expect(202);
    let order = tests::until("the rest is let go", async || {
        Some(caller.order(&id).await).filter(|order| order["totals"]["captured"] == 3000 && order["totals"]["authorized"] == 0)
    })
    .await;
    assert_eq!((&order["payment_status"], &order["totals"]["balance_due"]), (&json!("partially_paid"), &json!(490)));
    let books = &stack.partner_books(&id).await[0];
    assert_eq!((&books["captured"], &books["voided"], &books["authorized"]), (&json!(3000), &json!(490), &json!(3490)));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn more_than_is_set_aside_is_refused_with_both_numbers() {
    let stack = Stack::start(Options::whole().simulators(&["--payment-mood", "ok"])).await;
    let caller = stack.tenant_without_stock().await;
    let (_, payment) = set_aside(&caller, "tok_visa").await;
    let problem = capture(&caller, &payment).new_key().json(&json!({ "amount": 3491 })).send().await;
    let problem = problem.problem(422, "amount_exceeds_capturable");
    assert_eq!((&problem["asked"], &problem["available"], &problem["pointer"]), (&json!(3491), &json!(3490), &json!("/amount")));
    for (body, code) in [(json!({ "amount": 0 }), "out_of_range"), (json!({ "amount": -1 }), "out_of_range")] {
        let problem = capture(&caller, &payment).new_key().json(&body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], code);
    }
}

#[tokio::test]
async fn what_cannot_be_captured_is_refused_with_what_can_be_done() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let order = caller.place(&sample::order()).await;
    let order = caller.order(order["id"].as_str().unwrap()).await;
    let payment = order["payments"][0]["id"].as_str().unwrap();
    let problem = capture(&caller, payment).new_key().send().await.problem(409, "invalid_transition");
    assert_eq!((&problem["reasons"], &problem["allowed_actions"]), (&json!(["nothing_authorized"]), &order["allowed_actions"]));
    capture(&caller, "pay_00000000000000000000000000000001").new_key().send().await.problem(404, "not_found");
    capture(&caller, payment).new_key().header("if-match", "\"v9\"").send().await.problem(412, "version_mismatch");
}

#[tokio::test]
async fn fifty_captures_of_everything_take_it_once() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, payment) = set_aside(&caller, "tok_visa").await;
    let answers = join_all((0..50).map(|number| capture(&caller, &payment).key(&format!("c-{number}")).send())).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    for refused in answers.into_iter().filter(|answer| answer.status != 202) {
        assert!(["invalid_transition", "order_busy"].contains(&refused.expect(409).json()["code"].as_str().unwrap()));
    }
    assert_eq!(taken, 1);
    caller.order_once(&id, "payment_status", "paid").await;
    let captures: Vec<Value> = stack.payment_operations().await.into_iter().filter(|operation| operation["kind"] == "capture").collect();
    assert_eq!((captures.len(), &stack.partner_books(&id).await[0]["net"]), (1, &json!(3490)));
}
