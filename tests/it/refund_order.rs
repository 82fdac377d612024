//! `POST /v1/orders/{order_id}/refunds`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Options, Request, Stack, sample};

fn refund<'c>(caller: &'c Caller, id: &str, body: &Value) -> Request<'c> {
    caller.post(&format!("/v1/orders/{id}/refunds")).json(body)
}

async fn completed(caller: &Caller, token: &str) -> String {
    let id = caller.place(&sample::with_token(token)).await["id"].as_str().unwrap().to_owned();
    caller.order_once(&id, "status", "completed").await;
    id
}

/// The order once so much of it has gone back.
async fn refunded(caller: &Caller, id: &str, amount: i64) -> Value {
    let what = format!("{amount} have gone back");
    tests::until(&what, async || Some(caller.order(id).await).filter(|order| order["totals"]["refunded"] == amount)).await
}

#[tokio::test]
async fn an_amount_then_a_line_then_the_rest_come_to_the_whole() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = completed(&caller, "tok_visa").await;
    let line = caller.order(&id).await["lines"][0]["id"].clone();
    let steps = [
        (json!({ "amount": 500, "reason": "goodwill" }), 500, 500),
        (json!({ "lines": [{ "id": line, "quantity": 1 }], "reason": "damaged" }), 1500, 2000),
        (json!({ "reason": "customer_request" }), 1490, 3490),
    ];
    for (body, amount, sum) in steps {
        let answer = refund(&caller, &id, &body).new_key().send().await.expect(202).json();
        assert_eq!((&answer["operations"][0]["kind"], &answer["operations"][0]["amount"]), (&json!("refund"), &json!(amount)));
        let order = refunded(&caller, &id, sum).await;
        assert_eq!((&order["totals"]["balance_due"], &order["totals"]["refundable"]), (&json!(0), &json!(3490 - sum)));
    }
    assert_eq!(caller.order(&id).await["payment_status"], "refunded");
    assert_eq!(stack.partner_books(&id).await[0]["net"], 0);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_refund_goes_over_several_tenders() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let card = |amount: i64| json!({ "method": "card", "token": "tok_visa", "amount": amount, "capture": "automatic" });
    let placed = caller.place(&sample::with(|order| order["payments"] = json!([card(1000), card(2490)]))).await;
    let id = placed["id"].as_str().unwrap();
    caller.order_once(id, "payment_status", "paid").await;
    let answer = refund(&caller, id, &json!({ "amount": 1500, "reason": "goodwill" })).new_key().send().await.expect(202).json();
    let amounts: Vec<_> = answer["operations"].as_array().unwrap().iter().map(|operation| operation["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [1000, 500]);
    refunded(&caller, id, 1500).await;
    let nets: Vec<_> = stack.partner_books(id).await.iter().map(|book| book["net"].as_i64().unwrap()).collect();
    assert_eq!(nets.iter().sum::<i64>(), 1990);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn too_much_is_refused_with_both_numbers() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = completed(&caller, "tok_visa").await;
    let order = caller.order(&id).await;
    let (line, payment) = (&order["lines"][0]["id"], &order["payments"][0]["id"]);
    let send = async |body: Value| refund(&caller, &id, &body).new_key().send().await;
    let problem = send(json!({ "amount": 3491, "reason": "x" })).await.problem(422, "amount_exceeds_refundable");
    assert_eq!((&problem["asked"], &problem["available"]), (&json!(3491), &json!(3490)));
    let problem = send(json!({ "lines": [{ "id": line, "quantity": 3 }], "reason": "x" })).await.problem(422, "quantity_exceeds_available");
    assert_eq!((&problem["asked"], &problem["available"], &problem["pointer"]), (&json!(3), &json!(2), &json!("/lines/0/quantity")));
    for (body, pointer, code) in [
        (json!({ "amount": 1, "lines": [{ "id": line, "quantity": 1 }], "reason": "x" }), "/lines", "exclusive"),
        (json!({ "amount": 1, "shipping": true, "reason": "x" }), "/shipping", "exclusive"),
        (json!({ "amount": 5, "allocation": [{ "payment_id": payment, "amount": 4 }], "reason": "x" }), "/allocation", "mismatch"),
        (
            json!({ "lines": [{ "id": "lin_00000000000000000000000000000001", "quantity": 1 }], "reason": "x" }),
            "/lines/0/id",
            "unknown_line",
        ),
    ] {
        let problem = send(body).await.problem(422, "validation_failed");
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)));
    }
    assert_eq!(caller.order(&id).await["version"], order["version"], "nothing happened");
}

#[tokio::test]
async fn before_it_is_confirmed_an_order_is_cancelled_instead() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let problem = refund(&caller, &id, &json!({ "reason": "x" })).new_key().send().await.problem(409, "invalid_transition");
    assert_eq!(problem["reasons"], json!(["not_confirmed"]));
    let cancel = problem["allowed_actions"].as_array().unwrap().iter().find(|action| action["action"] == "cancel").unwrap().clone();
    assert_eq!(cancel["allowed"], true, "a refusal says what could be done instead");
}

#[tokio::test]
async fn a_refund_that_fails_is_taken_back_and_may_be_asked_for_again() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let mut events = stack.partner().await.listen("orders.events", "order.refund_failed").await;
    let id = completed(&caller, "tok_refund_flaky").await;
    refund(&caller, &id, &json!({ "amount": 1000, "reason": "goodwill" })).new_key().send().await.expect(202);
    let failed: Value = events.next().await.data_as().unwrap();
    assert_eq!(failed["operation"]["failure"]["code"], "refund_declined");
    let order = caller.order(&id).await;
    assert_eq!((&order["totals"]["balance_due"], &order["totals"]["refundable"]), (&json!(0), &json!(3490)));
    refund(&caller, &id, &json!({ "amount": 1000, "reason": "goodwill" })).new_key().send().await.expect(202);
    refunded(&caller, &id, 1000).await;
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_refund_that_comes_back_is_owed_again_and_a_person_is_called() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let mut events = stack.partner().await.listen("orders.events", "order.attention_required").await;
    let id = completed(&caller, "tok_visa").await;
    let answer = refund(&caller, &id, &json!({ "amount": 1000, "reason": "goodwill" })).new_key().send().await.expect(202).json();
    refunded(&caller, &id, 1000).await;
    stack.simulate(&format!("operations/{}/reverse", answer["operations"][0]["id"].as_str().unwrap())).await;
    assert_eq!(events.next().await.data_as::<Value>().unwrap()["reason"], "refund_reversed");
    let order = caller.order(&id).await;
    assert_eq!((&order["totals"]["refunded"], &order["totals"]["balance_due"]), (&json!(0), &json!(-1000)));
    assert_eq!(stack.partner_books(&id).await[0]["net"], 3490);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn fifty_refunds_of_everything_give_it_back_once() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = completed(&caller, "tok_visa").await;
    let body = json!({ "reason": "customer_request" });
    let answers = join_all((0..50).map(|number| refund(&caller, &id, &body).key(&format!("r-{number}")).send())).await;
    let given = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(given, 1);
    for refused in answers.into_iter().filter(|answer| answer.status != 202) {
        assert!(["invalid_transition", "order_busy"].contains(&refused.expect(409).json()["code"].as_str().unwrap()));
    }
    refunded(&caller, &id, 3490).await;
    let books = &stack.partner_books(&id).await[0];
    assert_eq!((&books["refunded"], &books["net"]), (&json!(3490), &json!(0)));
}
