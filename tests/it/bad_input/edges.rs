//! The last orders that may be, one step before those of the other tables: they are placed and read back as they were sent.

use serde_json::{Map, Value, json};
use tests::{Options, Stack};

use super::{order_with, put, whole_order};

const MAX: i64 = 9_007_199_254_740_991;

#[tokio::test]
async fn an_order_at_a_limit_is_placed_and_read_back_as_it_was_sent() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let fifty: Map<String, Value> = (0..50).map(|index| (format!("k{index}"), index.into())).collect();
    for (pointer, value) in [
        ("/external_reference", json!("x".repeat(128))),
        ("/customer/reference", json!("ß".repeat(128))),
        ("/customer/email", json!("İ".repeat(255))),
        ("/customer/name", json!("\u{1f375}".repeat(255))),
        ("/shipping_address/line1", json!("\u{202e}\u{feff}'; DROP TABLE orders; --")),
        ("/lines/0/sku", json!("x".repeat(64))),
        ("/lines/0/name", json!("x".repeat(255))),
        ("/metadata", Value::Object(fifty.clone())),
        ("/metadata", json!({ "blob": "x".repeat(16 * 1024 - 11) })),
        ("/lines/0/metadata", Value::Object(fifty)),
        ("/metadata", json!({ "max": MAX, "min": -MAX, "small": 1e-9, "tenth": 0.1, "control": "a\tb\n\u{1}", "": [null, true, {}] })),
    ] {
        let mut order = whole_order();
        put(&mut order, "/external_reference", Value::Null);
        put(&mut order, pointer, value.clone());
        let placed = caller.place(&order).await;
        let read = caller.order(placed["id"].as_str().unwrap()).await;
        assert_eq!(read.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[tokio::test]
async fn the_largest_numbers_are_kept_exactly() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let plain = |line: Value| json!({ "currency": "EUR", "lines": [line] });
    for (quantity, unit_price, total) in [(1, MAX, MAX), (1_000_000, 9_007_199_254, 9_007_199_254_000_000), (1, 0, 0)] {
        let line = json!({ "sku": "A", "name": "a", "quantity": quantity, "unit_price": unit_price, "requires_shipping": false });
        let placed = caller.place(&plain(line)).await;
        assert_eq!(placed["totals"]["total"], total);
        let read = caller.order(placed["id"].as_str().unwrap()).await;
        assert_eq!((&read["totals"]["total"], &read["lines"][0]["quantity"]), (&total.into(), &quantity.into()));
    }
}

#[tokio::test]
async fn a_thousand_lines_and_ten_tenders_are_taken() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let line = json!({ "sku": "x".repeat(32), "name": "a", "quantity": 1, "unit_price": 1, "requires_shipping": false });
    let tender = json!({ "method": "card", "amount": 100, "capture": "automatic" });
    let order = json!({ "currency": "EUR", "lines": vec![line; 1_000], "payments": vec![tender; 10] });
    let placed = caller.place(&order).await;
    let read = caller.order(placed["id"].as_str().unwrap()).await;
    assert_eq!((read["lines"].as_array().unwrap().len(), read["payments"].as_array().unwrap().len()), (1_000, 10));
}

#[tokio::test]
async fn thirty_two_levels_are_taken() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let nested = format!("{}0{}", "[".repeat(30), "]".repeat(30));
    let request = caller.post("/v1/orders").new_key().header("content-type", "application/json");
    request.bytes(order_with("/metadata/deep", &nested)).send().await.expect(201);
}
