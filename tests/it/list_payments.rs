//! `GET /v1/orders/{order_id}/payments`.

use serde_json::json;
use tests::{Options, Stack, sample};

fn path(id: &str) -> String {
    format!("/v1/orders/{id}/payments")
}

#[tokio::test]
async fn payments_come_in_pages_in_their_order() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let unpaid = sample::with(|order| order["payments"] = json!([]));
    let (order, other) = (caller.place(&unpaid).await, caller.place(&unpaid).await);
    let (id, other) = (order["id"].as_str().unwrap(), other["id"].as_str().unwrap());
    for amount in 1..=5 {
        let tender = json!({ "method": "card", "token": "tok_visa", "amount": amount, "capture": "automatic" });
        caller.post(&path(id)).new_key().json(&tender).send().await.expect(201);
    }
    let (mut amounts, mut next) = (Vec::new(), format!("{}?limit=2", path(id)));
    let mut cursor = String::new();
    while !next.is_empty() {
        let answer = caller.get(&next).send().await.expect(200);
        amounts.extend(answer.json()["data"].as_array().unwrap().iter().map(|payment| payment["amount"].as_i64().unwrap()));
        cursor = answer.json()["next_cursor"].as_str().unwrap_or(&cursor).to_owned();
        next = answer.header("link").trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
    }
    assert_eq!(amounts, [1, 2, 3, 4, 5]);
    let elsewhere = caller.get(&format!("{}?cursor={cursor}", path(other))).send().await.problem(400, "malformed");
    assert_eq!(elsewhere["parameter"], "cursor");
}

#[tokio::test]
async fn an_order_without_payments_has_an_empty_list() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let order = caller.place(&sample::with(|order| order["payments"] = json!([]))).await;
    let path = path(order["id"].as_str().unwrap());
    let list = caller.get(&path).send().await.expect(200).json();
    assert_eq!(list, json!({ "data": [], "next_cursor": null, "has_more": false }));
    stranger.get(&path).send().await.problem(404, "not_found");
    assert_eq!(caller.get(&format!("{path}?status=x")).send().await.problem(422, "validation_failed")["parameter"], "status");
}
