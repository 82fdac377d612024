//! `POST /v1/orders`: what is answered and what is written. Refusals are in `refusals`, keys that come twice in
//! [`idempotency`](crate::idempotency).

mod large;
mod refusals;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Options, Stack, raw_id, sample};

#[tokio::test]
async fn an_order_is_answered_as_documented() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = sample::with(|order| order["external_reference"] = "cart-1842".into());
    let answer = caller.post("/v1/orders").key("k-1").header("x-request-id", "req-77").json(&order).send().await.expect(201);
    let placed = answer.json();
    let id = placed["id"].as_str().unwrap();

    assert!(id.starts_with("ord_"), "{id}");
    assert_eq!(answer.header("location"), format!("/v1/orders/{id}"));
    assert_eq!(answer.header("etag"), "\"v1\"");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-request-id"), "req-77");
    assert_eq!(answer.header("idempotency-replayed"), "");
    for (member, expected) in [
        ("external_reference", json!("cart-1842")),
        ("version", json!(1)),
        ("status", json!("pending")),
        ("payment_status", json!("pending")),
        ("fulfillment_status", json!("unfulfilled")),
        ("return_status", json!("none")),
        ("currency", json!("EUR")),
        ("metadata", order["metadata"].clone()),
    ] {
        assert_eq!(placed[member], expected, "{member}");
    }
    assert!(placed["number"].as_str().is_some_and(|number| number.parse::<u64>().is_ok()), "{}", placed["number"]);
    assert!(placed["created_at"].as_str().is_some_and(|at| at.ends_with('Z') && at == placed["updated_at"]), "{}", placed["created_at"]);
}

#[tokio::test]
async fn totals_lines_and_customer_are_answered_as_documented() {
    let stack = Stack::start(Options::http()).await;
    let order = sample::order();
    let placed = stack.tenant().await.place(&order).await;
    let totals = json!({
        "lines": 2500, "discount": 0, "shipping": 490, "tax": 500, "total": 3490,
        "authorized": 0, "captured": 0, "refunded": 0, "balance_due": 3490, "refundable": 0
    });
    assert_eq!(placed["totals"], totals);
    let line = &placed["lines"][0];
    assert!(line["id"].as_str().is_some_and(|id| id.starts_with("lin_")));
    for (member, expected) in order["lines"][0].as_object().unwrap() {
        assert_eq!(line[member], *expected, "{member}");
    }
    for stage in ["cancelled", "fulfilled", "shipped", "delivered", "returned"] {
        assert_eq!(line[stage], 0, "{stage}");
    }
    for (part, members) in [("customer", &order["customer"]), ("shipping_address", &order["shipping_address"])] {
        for (member, expected) in members.as_object().unwrap() {
            assert_eq!(placed[part][member], *expected, "{part}/{member}");
        }
    }
}

#[tokio::test]
async fn order_numbers_are_unique_under_concurrency() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = sample::order();
    let placed = join_all((0..100).map(|_| caller.place(&order))).await;
    let numbers: std::collections::BTreeSet<_> = placed.iter().map(|order| order["number"].as_str().unwrap()).collect();
    assert_eq!(numbers.len(), 100);
}

#[tokio::test]
async fn a_token_is_neither_stored_nor_logged_in_clear() {
    const TOKEN: &str = "tok_seen_nowhere_5ecc0";
    let stack = Stack::start(Options::http().set("LOG_LEVEL", "debug")).await;
    let caller = stack.tenant().await;
    caller.place(&sample::with_token(TOKEN)).await;
    caller
        .post("/v1/orders")
        .new_key()
        .json(&sample::with(|order| order["payments"][0]["token"] = json!([TOKEN])))
        .send()
        .await
        .problem(422, "validation_failed");

    assert_eq!(stack.sql().tables_with(TOKEN).await, Vec::<String>::new());
    assert_eq!(stack.sql().count("payments WHERE token_sealed IS NOT NULL").await, 1);
    assert!(!stack.logs().text().contains(TOKEN));
    assert!(!stack.logs().text().contains(&caller.key.secret));
}

#[tokio::test]
async fn personal_data_is_in_order_contacts_only() {
    let stack = Stack::start(Options::http().set("LOG_LEVEL", "debug")).await;
    let order = stack.tenant().await.place(&sample::order()).await;
    assert_eq!(stack.sql().tables_with(sample::EMAIL).await, ["order_contacts"]);
    assert!(!stack.logs().text().contains(sample::EMAIL));
    let id = raw_id(order["id"].as_str().unwrap());
    let contact = stack.sql().rows(&format!("SELECT email_normalized FROM order_contacts WHERE order_id = '{id}'")).await;
    assert_eq!(contact[0]["email_normalized"], sample::EMAIL);
}

#[tokio::test]
async fn everything_about_an_order_is_written_in_one_transaction() {
    let stack = Stack::start(Options::http()).await;
    stack.tenant().await.place(&sample::order()).await;
    let sql = stack.sql();
    let tables = ["orders", "order_contacts", "order_lines", "order_history", "payments", "payment_operations", "ledger", "outbox"];
    let mut transactions = Vec::<Value>::new();
    for table in tables {
        let rows = sql.rows(&format!("SELECT DISTINCT xmin::text AS tx FROM {table}")).await;
        transactions.extend(rows.into_iter().map(|row| row["tx"].clone()));
    }
    transactions.dedup();
    assert_eq!(transactions.len(), 1, "{transactions:?}");
    assert_eq!(sql.count("timers WHERE kind = 'payment_deadline'").await, 1);
    assert_eq!(sql.value("SELECT sum(amount)::bigint FROM ledger").await, 0);
}
