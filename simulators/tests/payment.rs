//! The payment partner over real HTTP in process: its idempotency, its refusals and its moods.

#![allow(clippy::unwrap_used, reason = "a test, its helpers included, fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use shared::signature::{RequestParts, sign};
use simulators::broker::{Published, Publisher};
use simulators::config::Config;
use simulators::payment::{Mood, Payments, router};
use tokio::sync::mpsc::UnboundedReceiver;

const KEY_ID: &str = "key_orders";
const SECRET: &str = "osk_for_tests_only";

/// How long a test waits for an event that must come.
const PATIENCE: Duration = Duration::from_secs(5);

/// What happens to a request between its signing and its sending.
type Change = Box<dyn FnOnce(&mut HeaderMap)>;

/// A running partner, and the events it would have published.
struct Partner {
    url: String,
    client: reqwest::Client,
    events: UnboundedReceiver<Published>,
}

impl Partner {
    async fn start() -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (publisher, events) = Publisher::to_memory();
        let config = Config {
            amqp_url: String::new(),
            payment_port: port,
            key_id: KEY_ID.into(),
            secret: SECRET.into(),
            mood: Mood::Ok,
            pace: Duration::ZERO,
        };
        let payments = Arc::new(Payments::new(&config, port, publisher));
        tokio::spawn(axum::serve(listener, router(payments)).into_future());
        Self { url: format!("http://127.0.0.1:{port}"), client: reqwest::Client::new(), events }
    }

    /// A signed request; `change` may spoil it after it was signed.
    async fn call(&self, method: Method, path: &str, body: &str, change: impl FnOnce(&mut HeaderMap)) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        if let Ok(body) = serde_json::from_str::<Value>(body) {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            headers.insert("idempotency-key", HeaderValue::from_str(body["id"].as_str().unwrap_or_default()).unwrap());
        }
        let parts = RequestParts { method: method.as_str(), path, query: None, headers: &headers, body: body.as_bytes() };
        let nonce = uuid::Uuid::now_v7().to_string();
        let signed = sign(&parts, KEY_ID, SECRET.as_bytes(), jiff::Timestamp::now().as_second(), &nonce).unwrap();
        for (name, value) in signed.iter() {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        change(&mut headers);
        let request = self.client.request(method, format!("{}{path}", self.url)).headers(headers).body(body.to_owned());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn post(&self, operation: &Value) -> (u16, Value) {
        self.call(Method::POST, "/v1/operations", &operation.to_string(), |_| {}).await
    }

    async fn get(&self, id: &str) -> (u16, Value) {
        self.call(Method::GET, &format!("/v1/operations/{id}"), "", |_| {}).await
    }

    async fn listed(&self) -> Value {
        self.call(Method::GET, "/simulator/operations", "", |_| {}).await.1
    }

    async fn event(&mut self) -> (String, Value) {
        let published = tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap();
        assert_eq!(published.exchange, "payments.events");
        assert_eq!(published.event.tenantid.as_deref(), Some("ten_1"));
        assert_eq!(published.event.subject.as_deref(), Some("ord_1"));
        (published.event.r#type.clone(), published.event.data_as().unwrap())
    }
}

fn operation(id: &str, kind: &str, token: &str) -> Value {
    json!({ "id": id, "kind": kind, "tenant_id": "ten_1", "order_id": "ord_1", "payment_id": "pay_1", "amount": 1000,
            "currency": "EUR", "method": "card", "token": token })
}

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

#[tokio::test]
async fn each_kind_and_mood_answers_and_tells_what_it_promises() {
    let mut partner = Partner::start().await;
    let cases = [
        ("authorize", "tok_visa", 200, "succeeded", "payment.authorized.v1", 1),
        ("void", "tok_visa", 200, "succeeded", "payment.voided.v1", 1),
        ("refund", "tok_visa", 200, "succeeded", "refund.succeeded.v1", 1),
        ("refund", "tok_declined", 200, "failed", "refund.failed.v1", 1),
        ("capture", "tok_declined", 200, "failed", "payment.failed.v1", 1),
        ("capture", "tok_duplicate", 200, "succeeded", "payment.captured.v1", 3),
        ("capture", "tok_event_first", 200, "succeeded", "payment.captured.v1", 1),
        ("capture", "tok_slow", 200, "succeeded", "payment.captured.v1", 1),
        ("capture", "tok_silent", 202, "pending", "payment.captured.v1", 1),
        ("authorize", "tok_action", 200, "requires_action", "payment.requires_action.v1", 1),
    ];
    for (number, (kind, token, status, state, r#type, copies)) in cases.into_iter().enumerate() {
        let answer = partner.post(&operation(&format!("op_{number}"), kind, token)).await;
        assert_eq!((answer.0, &answer.1["status"]), (status, &json!(state)), "{kind} {token}");
        for _ in 0..copies {
            assert_eq!(partner.event().await.0, r#type, "{kind} {token}");
        }
    }
    assert_eq!(partner.get("op_4").await.1["failure"]["code"], "card_declined");
}

#[tokio::test]
async fn a_timeout_charges_all_the_same() {
    let mut partner = Partner::start().await;
    let capture = operation("op_1", "capture", "tok_timeout");
    let impatient = tokio::time::timeout(Duration::from_millis(200), partner.post(&capture)).await;
    assert!(impatient.is_err(), "the POST was answered: {impatient:?}");
    assert_eq!(partner.event().await.0, "payment.captured.v1");
    assert_eq!(partner.get("op_1").await.1["status"], "succeeded");
}

#[tokio::test]
async fn a_mute_partner_tells_only_who_asks() {
    let mut partner = Partner::start().await;
    for _ in 0..2 {
        let (status, answer) = partner.post(&operation("op_1", "capture", "tok_mute")).await;
        assert_eq!((status, &answer["status"]), (202, &json!("pending")));
    }
    assert_eq!(partner.get("op_1").await.1["status"], "succeeded");
    assert!(partner.events.try_recv().is_err());
}

#[tokio::test]
async fn an_error_passes_with_the_third_attempt() {
    let partner = Partner::start().await;
    let capture = operation("op_1", "capture", "tok_error");
    assert_eq!(partner.post(&capture).await.0, 503);
    assert_eq!(partner.get("op_1").await.0, 404);
    assert_eq!(partner.post(&capture).await.0, 503);
    assert_eq!(partner.post(&capture).await.0, 200);
    assert_eq!(partner.listed().await[0]["posts"], 3);
}

#[tokio::test]
async fn the_customer_completes_an_action_once() {
    let mut partner = Partner::start().await;
    let (_, waiting) = partner.post(&operation("op_1", "capture", "tok_action")).await;
    partner.event().await;
    let url = waiting["next_action"]["url"].as_str().unwrap();
    assert_eq!(partner.client.get(url).send().await.unwrap().status(), 200);
    assert_eq!(partner.event().await.0, "payment.captured.v1");
    assert_eq!(partner.client.get(url).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_mood_of_ordinary_tokens_can_be_switched() {
    let partner = Partner::start().await;
    let switch = |body: &'static str| partner.client.put(format!("{}/simulator/mood", partner.url)).body(body).send();
    assert_eq!(switch(r#"{"mood":"declined"}"#).await.unwrap().status(), 204);
    assert_eq!(partner.post(&operation("op_1", "capture", "tok_visa")).await.1["status"], "failed");
    assert_eq!(switch(r#"{"mood":"ok"}"#).await.unwrap().status(), 204);
    assert_eq!(partner.post(&operation("op_2", "capture", "tok_visa")).await.1["status"], "succeeded");
    assert_eq!(switch(r#"{"mood":"sunny"}"#).await.unwrap().status(), 400);
}
