//! `GET /v1/orders/{order_id}/ledger`.

use serde_json::{Value, json};
use tests::{Options, Stack, sample};

fn path(order: &Value) -> String {
    format!("/v1/orders/{}/ledger", order["id"].as_str().unwrap())
}

fn facts(ledger: &Value) -> Vec<&str> {
    ledger["transactions"].as_array().unwrap().iter().map(|transaction| transaction["fact"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_books_of_a_paid_order_say_what_was_sold_and_taken() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let placed = caller.place(&sample::order()).await;
    let order = caller.order_once(placed["id"].as_str().unwrap(), "status", "completed").await;
    let answer = caller.get(&path(&placed)).send().await.expect(200);
    let ledger = answer.json();
    assert_eq!((&ledger["verified"], &ledger["version"], &ledger["currency"]), (&json!(true), &order["version"], &json!("EUR")));
    assert_eq!(facts(&ledger), ["placed", "captured"]);
    let captured = &ledger["transactions"][1];
    assert_eq!(captured["operation_id"], order["payments"][0]["operations"][0]["id"]);
    assert_eq!(captured["entries"], json!([{ "account": "captured", "amount": 3490 }, { "account": "receivable", "amount": -3490 }]));
    let balance =
        |account: &str| ledger["balances"].as_array().unwrap().iter().find(|entry| entry["account"] == account).unwrap()["amount"].clone();
    assert_eq!((balance("receivable"), balance("sales"), balance("captured")), (json!(0), json!(-3490), json!(3490)));
    assert_eq!(answer.header("etag"), format!("\"v{}\"", order["version"]));
}

#[tokio::test]
async fn a_cancelled_order_owes_nothing() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let placed = caller.place(&sample::with(|order| order["payments"] = json!([]))).await;
    caller.post(&format!("/v1/orders/{}/cancel", placed["id"].as_str().unwrap())).new_key().send().await.expect(200);
    let ledger = caller.get(&path(&placed)).send().await.expect(200).json();
    assert_eq!((facts(&ledger), &ledger["verified"]), (vec!["placed", "cancelled"], &json!(true)));
    assert!(ledger["balances"].as_array().unwrap().iter().all(|entry| entry["amount"] == 0));
}

#[tokio::test]
async fn books_that_do_not_agree_say_so() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let placed = caller.place(&sample::order()).await;
    stack.sql().execute("UPDATE orders SET balances = '{\"receivable\": 1, \"sales\": -1}'").await.unwrap();
    assert_eq!(caller.get(&path(&placed)).send().await.expect(200).json()["verified"], false);
}

#[tokio::test]
async fn what_is_another_tenants_has_no_books() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let path = path(&caller.place(&sample::order()).await);
    stranger.get(&path).send().await.problem(404, "not_found");
    caller.get(&format!("{path}?page=2")).send().await.problem(422, "validation_failed");
    caller.get(&path).header("if-none-match", "\"v1\"").send().await.expect(304);
}
