//! Imports without a store: what is judged before one is asked, and what is told when there is none or no time.

use std::time::Duration;

use axum::{Router, body::Body};
use http::Request;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::{HostDeadline, bulk},
    HttpSpec, Route, SPEC, send,
    signed::{serving, signed_with},
};
use crate::{domain::permissions::Permission, function::Access};

const IMPORT: HttpSpec = HttpSpec {
    name: "import-orders",
    routes: &[Route { method: "POST", path: "/v1/orders/import" }],
    permission: Access::Scope(Permission::OrdersImport),
    ..SPEC
};

async fn app() -> Router {
    serving(IMPORT, |call| Box::pin(async move { bulk::import_orders(&call).await }), &[Permission::OrdersImport], false).await
}

fn import(body: impl Into<String>) -> Request<Body> {
    signed_with("POST", "/v1/orders/import", body, ("content-type", "application/x-ndjson"))
}

fn order(reference: &str) -> String {
    let line = json!({ "sku": "EBOOK-1", "name": "On tea", "quantity": 1, "unit_price": 990, "requires_shipping": false });
    json!({ "external_reference": reference, "currency": "EUR", "lines": [line] }).to_string()
}

#[tokio::test]
async fn lines_that_are_not_reached_in_time_are_told_so_and_may_come_again() {
    let mut request = import(format!("{}\n{{\n{}\n", order("cart-1"), order("cart-2")));
    // The host gives up in a second: too soon to begin a line.
    request.extensions_mut().insert(HostDeadline(Instant::now() + Duration::from_secs(1)));
    let answer = send(&app().await, request).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"));
    let text = String::from_utf8(answer.body).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |line: &Value| json!([line["line"], line["status"], line["problem"]["code"], line["problem"]["retryable"]]);
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [
            json!([1, 503, "dependency_unavailable", true]),
            json!([2, 400, "malformed", false]),
            json!([3, 503, "dependency_unavailable", true]),
        ]
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_told_by_the_status() {
    let answer = send(&app().await, import(order("cart-1"))).await;
    assert_eq!(answer.problem(), (503, "dependency_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_body_is_judged_as_a_whole_before_a_store_is_asked() {
    let app = app().await;
    for (body, status, code) in [
        (format!("{}\n", order("cart-1")).repeat(bulk::LINES_MAX + 1), 413, "payload_too_large"),
        (" \n\r\n".to_owned(), 422, "validation_failed"),
        (String::new(), 422, "validation_failed"),
    ] {
        assert_eq!(send(&app, import(body)).await.problem(), (status, code.to_owned()));
    }
    let other = signed_with("POST", "/v1/orders/import", order("cart-1"), ("content-type", "application/json"));
    let answer = send(&app, other).await;
    assert_eq!(answer.header("accept-post"), "application/x-ndjson, application/jsonl");
    assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()));
}
