//! The contract: idempotency and refusals.

use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

use crate::partner::{KEY_ID, Partner, operation};

/// What happens to a request between its signing and its sending.
type Change = Box<dyn FnOnce(&mut HeaderMap)>;

#[tokio::test]
async fn a_capture_is_charged_once_however_often_it_is_sent() {
    let mut partner = Partner::start().await;
    let capture = operation("op_1", "capture", "tok_visa");
    let (status, first) = partner.post(&capture).await;
    assert_eq!((status, &first["status"], &first["amount"]), (200, &json!("succeeded"), &json!(1000)));
    assert_eq!(partner.post(&capture).await, (200, first.clone()));
    assert_eq!(partner.get("op_1").await, (200, first.clone()));
    assert_eq!(partner.event().await, ("payment.captured.v1".into(), first));
    assert!(partner.events.try_recv().is_err(), "the repetition sent an event of its own");

    let listed = partner.listed().await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["posts"]), (1, &json!(2)));
    assert!(!listed.to_string().contains("tok_visa"), "a token is never shown");
}

#[tokio::test]
async fn the_same_id_with_another_body_is_a_conflict() {
    let partner = Partner::start().await;
    partner.post(&operation("op_1", "capture", "tok_visa")).await;
    for (member, value) in [("amount", json!(1001)), ("kind", json!("refund")), ("method", json!("wallet")), ("token", json!("tok_x"))] {
        let mut other = operation("op_1", "capture", "tok_visa");
        other[member] = value;
        assert_eq!(partner.post(&other).await.0, 409, "{member}");
    }
    assert_eq!(partner.get("op_1").await.1["amount"], 1000);
    assert_eq!(partner.get("op_2").await.0, 404);
}

#[tokio::test]
async fn a_request_that_we_did_not_sign_is_refused_with_the_reason() {
    let partner = Partner::start().await;
    let body = operation("op_1", "capture", "tok_visa").to_string();
    let set = |name: &'static str, value: &'static str| {
        move |headers: &mut HeaderMap| drop(headers.insert(name, HeaderValue::from_static(value)))
    };
    let foreign_key = |headers: &mut HeaderMap| {
        let input = headers["signature-input"].to_str().unwrap().replace(KEY_ID, "key_other");
        headers.insert("signature-input", HeaderValue::from_str(&input).unwrap());
    };
    let cases: [(&str, Change); 4] = [
        ("missing", Box::new(|headers| drop(headers.remove("signature")))),
        ("unknown-key", Box::new(foreign_key)),
        ("mac-mismatch", Box::new(set("idempotency-key", "op_2"))),
        ("malformed", Box::new(set("content-digest", "none"))),
    ];
    for (reason, change) in cases {
        let (status, answer) = partner.call(Method::POST, "/v1/operations", &body, change).await;
        assert_eq!((status, &answer["reason"]), (401, &json!(reason)), "{answer}");
    }
    assert_eq!(partner.listed().await, json!([]), "a refused request left something behind");
}
