//! `POST /v1/orders/{order_id}/payments`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Options, Stack, sample, until};

fn card(amount: i64, token: &str) -> Value {
    json!({ "method": "card", "token": token, "amount": amount, "capture": "automatic" })
}

async fn place_unpaid(caller: &Caller) -> String {
    caller.place(&sample::with(|order| order["payments"] = json!([]))).await["id"].as_str().unwrap().to_owned()
}

fn path(id: &str) -> String {
    format!("/v1/orders/{id}/payments")
}

#[tokio::test]
async fn a_tender_is_answered_as_documented_and_listed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let id = place_unpaid(&caller).await;
    let answer = caller.post(&path(&id)).new_key().json(&card(3490, "tok_visa")).send().await.expect(201);
    assert_eq!((answer.header("location"), answer.header("etag")), (&*path(&id), "\"v2\""));
    let payment = answer.json();
    assert!(payment["id"].as_str().unwrap().starts_with("pay_"));
    assert_eq!((&payment["amount"], &payment["capture"]), (&json!(3490), &json!("automatic")));
    assert_eq!((&payment["operations"][0]["kind"], &payment["operations"][0]["status"]), (&json!("capture"), &json!("requested")));
    assert!(!payment.to_string().contains("tok_visa"));
    let list = caller.get(&path(&id)).send().await.expect(200).json();
    assert_eq!(list, json!({ "data": [payment], "next_cursor": null, "has_more": false }));
    assert_eq!(caller.order(&id).await["payment_status"], "pending");
    assert_eq!(caller.history(&id).await[1]["action"], "payment_added");
}

#[tokio::test]
async fn what_was_declined_is_paid_by_another_tender() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let id = caller.place(&sample::with_token("tok_declined")).await["id"].as_str().unwrap().to_owned();
    caller.order_once(&id, "payment_status", "failed").await;
    caller.post(&path(&id)).new_key().json(&card(3490, "tok_visa")).send().await.expect(201);
    let order = caller.order_once(&id, "status", "completed").await;
    assert_eq!((&order["payment_status"], &order["totals"]["captured"]), (&json!("paid"), &json!(3490)));
    assert_eq!(order["payments"].as_array().unwrap().len(), 2);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_token_is_sealed_until_it_is_sent_and_then_erased() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place_unpaid(&caller).await;
    let answer = caller.post(&path(&id)).new_key().json(&card(3490, "tok_visa")).send().await.expect(201).json();
    caller.order_once(&id, "payment_status", "paid").await;
    let sent = stack.payment_operations().await;
    assert_eq!((&sent[0]["payment_id"], sent.len()), (&answer["id"], 1));
    until("the token is erased", async || (stack.sql().count("payments WHERE token_sealed IS NOT NULL").await == 0).then_some(())).await;
    assert!(!stack.logs().text().contains("tok_visa"));
}

#[tokio::test]
async fn many_tenders_at_once_never_ask_for_more_than_is_due() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place_unpaid(&caller).await;
    let tender = card(1000, "tok_visa");
    let answers = join_all((0..20).map(|_| caller.post(&path(&id)).new_key().json(&tender).send())).await;
    let accepted = answers.iter().filter(|answer| answer.status == 201).count();
    assert!((1..=3).contains(&accepted), "{accepted}");
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        match refused.status {
            409 => assert_eq!(refused.json()["code"], "order_busy"),
            _ => assert_eq!(refused.problem(422, "validation_failed")["errors"][0]["code"], "exceeds_due"),
        }
    }
    let asked = stack.sql().value("SELECT sum(amount)::bigint FROM payment_operations").await;
    assert_eq!(asked, json!(1000 * accepted));
}

#[tokio::test]
async fn a_key_adds_one_tender() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let id = place_unpaid(&caller).await;
    let tender = card(1000, "tok_visa");
    let answers = join_all((0..10).map(|_| caller.post(&path(&id)).key("p-1").json(&tender).send())).await;
    let added: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(added.iter().all(|answer| answer.body == added[0].body) && !added.is_empty());
    let replay = caller.post(&path(&id)).key("p-1").json(&tender).send().await.expect(201);
    assert_eq!((&replay.body, replay.header("idempotency-replayed")), (&added[0].body, "true"));
    assert_eq!(stack.sql().count("payments").await, 1);
}

#[tokio::test]
async fn refusals_say_what_is_wrong() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant_without_stock(), stack.tenant());
    let id = place_unpaid(&caller).await;
    let refuse = async |body: Value| caller.post(&path(&id)).new_key().json(&body).send().await.problem(422, "validation_failed");
    for (body, pointer) in [
        (card(0, "tok_visa"), "/amount"),
        (card(3491, "tok_visa"), "/amount"),
        (card(-1, "tok_visa"), "/amount"),
        (json!({ "method": "", "amount": 1, "capture": "automatic" }), "/method"),
        (json!({ "method": "card", "amount": 1, "capture": "later" }), "/capture"),
        (json!({ "method": "card", "capture": "automatic" }), "/amount"),
        (json!({ "method": "card", "amount": 1.5, "capture": "automatic" }), "/amount"),
    ] {
        assert_eq!(refuse(body.clone()).await["errors"][0]["pointer"], pointer, "{body}");
    }
    caller.post(&path(&id)).new_key().send().await.problem(415, "unsupported_media_type");
    stranger.post(&path(&id)).new_key().json(&card(1, "tok_visa")).send().await.problem(404, "not_found");
    stranger.get(&path(&id)).send().await.problem(404, "not_found");
    assert_eq!(stack.sql().count("payments").await, 0);

    caller.post(&path(&id)).new_key().json(&card(3490, "tok_visa")).send().await.expect(201);
    let problem = caller.post(&path(&id)).new_key().json(&card(1, "tok_visa")).send().await.problem(409, "invalid_transition");
    assert_eq!(problem["allowed_actions"][1], json!({ "action": "add_payment", "allowed": false, "reasons": ["nothing_due"] }));
}
