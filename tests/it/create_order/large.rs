//! Orders of a thousand lines: what can be told to every partner is accepted, and anything else is refused at once.

use serde_json::{Value, json};
use tests::{Options, Stack, sample};

const LINES_MAX: usize = 1_000;

/// An order of so many lines, whose article numbers begin like this.
fn order(lines: usize, sku: &str) -> Value {
    sample::with(|order| {
        let line = |index| json!({ "sku": format!("{sku}{index:04}"), "name": "Green tea, 100 g", "quantity": 12, "unit_price": 1 });
        order["lines"] = (0..lines).map(line).collect();
        order["expected_total"] = Value::Null;
        order["payments"] = json!([{ "method": "card", "token": "tok_visa", "amount": lines * 12 + 490, "capture": "automatic" }]);
    })
}

#[tokio::test]
async fn an_order_of_a_thousand_ordinary_lines_comes_to_its_end() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let placed = caller.place(&order(LINES_MAX, "04012345678901-")).await;
    let done = caller.order_once(placed["id"].as_str().unwrap(), "status", "completed").await;
    assert_eq!(done["lines"].as_array().unwrap().len(), LINES_MAX);
    assert_eq!(done["lines"][LINES_MAX - 1]["delivered"], 12);
    let largest = stack.sql().value("SELECT max(length(body)) FROM outbox").await.as_u64().unwrap();
    assert!((40_000..=65_536).contains(&largest), "{largest}");
    assert_eq!(stack.sql().count("dead_letters").await, 0);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn an_order_of_a_thousand_lines_without_stock_is_rejected_with_all_of_them() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let mut events = stack.partner().await.listen("orders.events", "order.rejected").await;
    caller.place(&order(LINES_MAX, "OUT-")).await;
    let rejected: Value = events.next().await.data_as().unwrap();
    assert_eq!(rejected["lines"].as_array().unwrap().len(), LINES_MAX);
    assert_eq!(rejected["lines"][LINES_MAX - 1], json!({ "sku": "OUT-0999", "available": 0 }));
}

#[tokio::test]
async fn an_order_that_no_message_could_carry_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let longest = "x".repeat(60);
    let problem = caller.post("/v1/orders").new_key().json(&order(LINES_MAX, &longest)).send().await.problem(422, "validation_failed");
    let error = &problem["errors"][0];
    assert_eq!((&error["pointer"], &error["code"]), (&json!("/lines"), &json!("messages_too_large")));
    assert!(error["message"].as_str().unwrap().contains("at most 61440 fit"), "{error}");
    caller.place(&order(650, &longest)).await;
}
