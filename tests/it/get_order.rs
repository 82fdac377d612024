//! `GET /v1/orders/{order_id}`.

use serde_json::Value;
use tests::{Options, Stack, sample};

#[tokio::test]
async fn an_order_reads_as_it_was_answered() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let placed = caller.place(&sample::order()).await;
    let answer = caller.get(&path(&placed)).send().await.expect(200);
    assert_eq!(answer.json(), placed);
    assert_eq!(answer.header("etag"), "\"v1\"");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn a_caller_who_has_this_version_gets_no_body() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let path = path(&caller.place(&sample::order()).await);
    let same = caller.get(&path).header("if-none-match", "\"v1\"").send().await.expect(304);
    assert_eq!((same.body.len(), same.header("etag")), (0, "\"v1\""));
    stack.sql().execute("UPDATE orders SET version = 2").await.unwrap();
    let newer = caller.get(&path).header("if-none-match", "\"v1\"").header("min-version", "2").send().await.expect(200);
    assert_eq!(newer.header("etag"), "\"v2\"");
}

#[tokio::test]
async fn parts_come_on_request() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let path = path(&caller.place(&sample::order()).await);
    let plain = caller.get(&path).send().await.expect(200).json();
    assert!(plain.get("payments").is_none() && plain.get("fulfillments").is_none());

    let whole = caller.get(&format!("{path}?expand=payments,fulfillments")).send().await.expect(200).json();
    let payment = &whole["payments"][0];
    assert_eq!((&payment["method"], &payment["amount"]), (&"card".into(), &3490.into()));
    assert_eq!((&payment["operations"][0]["kind"], &payment["operations"][0]["status"]), (&"capture".into(), &"requested".into()));
    assert_eq!(whole["fulfillments"], Value::Array(Vec::new()));
    assert!(!whole.to_string().contains("tok_visa"), "tokens are never shown");

    let problem = caller.get(&format!("{path}?expand=secrets")).send().await.problem(422, "validation_failed");
    assert_eq!(problem["parameter"], "expand");
}

#[tokio::test]
async fn what_is_another_tenants_does_not_exist() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let path = path(&caller.place(&sample::order()).await);
    let get = async |path: &str| without_request_id(stranger.get(path).send().await.problem(404, "not_found"));
    let unknown = get("/v1/orders/ord_0198f000000070008000000000000001").await;
    assert_eq!(get(&path).await, unknown);
    assert_eq!(get("/v1/orders/ord_nonsense").await, unknown);
    assert_eq!(get("/v1/orders/lin_0198f000000070008000000000000001").await, unknown);
}

fn path(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().unwrap())
}

fn without_request_id(mut problem: Value) -> Value {
    problem.as_object_mut().unwrap().remove("request_id");
    problem
}
