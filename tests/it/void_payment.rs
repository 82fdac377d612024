//! `POST /v1/payments/{payment_id}/void`.

use serde_json::json;
use tests::{Caller, Options, Request, Stack, sample};

fn void<'c>(caller: &'c Caller, payment: &str) -> Request<'c> {
    caller.post(&format!("/v1/payments/{payment}/void"))
}

/// Places an order half of which is paid by this tender: its id and the tender's.
async fn half(caller: &Caller, token: &str, capture: &str) -> (String, String) {
    let order = sample::with(|order| {
        order["payments"][0] = json!({ "method": "card", "token": token, "amount": 1000, "capture": capture });
    });
    let id = caller.place(&order).await["id"].as_str().unwrap().to_owned();
    let payment = caller.order(&id).await["payments"][0]["id"].as_str().unwrap().to_owned();
    (id, payment)
}

#[tokio::test]
async fn what_is_set_aside_is_let_go_once() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, payment) = half(&caller, "tok_visa", "manual").await;
    caller.order_once(&id, "payment_status", "partially_authorized").await;
    let operation = void(&caller, &payment).new_key().send().await.expect(202).json()["operations"][0].clone();
    assert_eq!((&operation["kind"], &operation["amount"]), (&json!("void"), &json!(1000)));
    let order = caller.order_once(&id, "payment_status", "unpaid").await;
    assert_eq!((&order["status"], &order["totals"]["authorized"]), (&json!("awaiting_payment"), &json!(0)));
    let version = order["version"].clone();
    assert_eq!(void(&caller, &payment).new_key().send().await.expect(202).json(), json!({ "operations": [] }), "it is so already");
    assert_eq!(caller.order(&id).await["version"], version);
    assert_eq!(stack.partner_books(&id).await[0]["voided"], 1000);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_tender_that_the_customer_forgot_is_called_off_and_its_late_money_goes_back() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let (id, payment) = half(&caller, "tok_action", "automatic").await;
    let operation = tests::until("the customer must act", async || {
        let operation = caller.order(&id).await["payments"][0]["operations"][0].clone();
        Some(operation).filter(|operation| !operation["next_action"].is_null())
    })
    .await;
    void(&caller, &payment).new_key().send().await.expect(202);
    let (status, _) = stack.fetch(operation["next_action"]["url"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    let order =
        tests::until("the money is back", async || Some(caller.order(&id).await).filter(|order| order["totals"]["refunded"] == 1000)).await;
    assert_eq!((&order["status"], &order["totals"]["balance_due"]), (&json!("awaiting_payment"), &json!(3490)));
    assert_eq!(stack.partner_books(&id).await[0]["net"], 0);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn money_that_secures_goods_on_their_way_stays() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = caller.place(&sample::manual("tok_visa")).await["id"].as_str().unwrap().to_owned();
    let order = caller.order_once(&id, "payment_status", "authorized").await;
    let payment = order["payments"][0]["id"].as_str().unwrap();
    let problem = void(&caller, payment).new_key().send().await.problem(409, "invalid_transition");
    assert_eq!(problem["reasons"], json!(["secures_order"]));
}
