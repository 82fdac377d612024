//! Webhooks: what they say, how they are signed, and that they come until they are taken.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::partner::{PATIENCE, Partner, operation};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A server that takes webhooks, once it has refused as many as it was told to.
struct Receiver {
    url: String,
    webhooks: UnboundedReceiver<Webhook>,
}

/// A webhook whose signature fits.
struct Webhook {
    id: String,
    body: Value,
}

#[derive(Clone)]
struct Script {
    refusals: Arc<Mutex<VecDeque<u16>>>,
    webhooks: UnboundedSender<Webhook>,
}

impl Receiver {
    async fn start(refusals: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let (sender, webhooks) = unbounded_channel();
        let script = Script { refusals: Arc::new(Mutex::new(refusals.iter().copied().collect())), webhooks: sender };
        tokio::spawn(axum::serve(listener, Router::new().route("/hooks", post(take)).with_state(script)).into_future());
        Self { url, webhooks }
    }

    /// A partner whose webhooks come here.
    async fn partner(&self) -> Partner {
        let partner = Partner::start().await;
        assert_eq!(partner.set("webhook", &json!({ "url": self.url, "secret": SECRET })).await, 204);
        partner
    }

    async fn next(&mut self) -> Webhook {
        tokio::time::timeout(PATIENCE, self.webhooks.recv()).await.unwrap().unwrap()
    }
}

async fn take(State(script): State<Script>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(webhook) = verified(&headers, &body) else { return StatusCode::UNAUTHORIZED };
    script.webhooks.send(webhook).unwrap();
    let refusal = script.refusals.lock().unwrap().pop_front();
    refusal.map_or(StatusCode::NO_CONTENT, |status| StatusCode::from_u16(status).unwrap())
}

fn verified(headers: &HeaderMap, body: &Bytes) -> Option<Webhook> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let age = jiff::Timestamp::now().as_second() - timestamp.parse::<i64>().ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(SECRET.strip_prefix("whsec_")?).ok()?).ok()?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_ref()] {
        mac.update(part);
    }
    mac.verify_slice(&STANDARD.decode(header("webhook-signature")?.strip_prefix("v1,")?).ok()?).ok()?;
    (0..60).contains(&age).then_some(Webhook { id: id.to_owned(), body: serde_json::from_slice(body).ok()? })
}

#[tokio::test]
async fn a_webhook_says_what_the_answer_would_have_said_and_whose_it_is() {
    let mut receiver = Receiver::start(&[]).await;
    let mut partner = receiver.partner().await;
    assert_eq!(partner.post(&operation("op_1", "capture", "tok_webhook")).await.0, 202);
    let webhook = receiver.next().await;
    let mut data = partner.get("op_1").await.1;
    assert_eq!(data["status"], "succeeded");
    let timestamp = data["occurred_at"].clone();
    for (member, value) in [("tenant_id", "ten_1"), ("order_id", "ord_1"), ("payment_id", "pay_1")] {
        data[member] = value.into();
    }
    assert_eq!(webhook.body, json!({ "type": "payment.captured", "timestamp": timestamp, "data": data }));
    partner.no_event().await;
}

#[tokio::test]
async fn a_webhook_comes_again_under_its_id_until_it_is_taken() {
    let mut receiver = Receiver::start(&[500, 302, 429]).await;
    let partner = receiver.partner().await;
    partner.post(&operation("op_1", "capture", "tok_webhook")).await;
    let first = receiver.next().await;
    for _ in 0..3 {
        let again = receiver.next().await;
        assert_eq!((&again.id, &again.body), (&first.id, &first.body));
    }
    partner.post(&operation("op_2", "capture", "tok_webhook")).await;
    let other = receiver.next().await;
    assert_eq!(other.body["data"]["id"], "op_2", "one that was taken comes no more");
    assert_ne!(other.id, first.id);
}

#[tokio::test]
async fn what_is_told_twice_is_told_by_every_road() {
    let mut receiver = Receiver::start(&[]).await;
    let mut partner = receiver.partner().await;
    assert_eq!(partner.outcome(&operation("op_1", "authorize", "tok_twice")).await, "succeeded");
    let mut ids = BTreeSet::new();
    for _ in 0..2 {
        assert_eq!(partner.event().await.0, "payment.authorized.v1");
        let webhook = receiver.next().await;
        assert_eq!(webhook.body["type"], "payment.authorized");
        ids.insert(webhook.id);
    }
    assert_eq!(ids.len(), 1, "the second webhook is the first again");
}

#[tokio::test]
async fn an_expiry_comes_by_webhook_where_the_payment_tells_by_webhook() {
    let mut receiver = Receiver::start(&[]).await;
    let mut partner = receiver.partner().await;
    partner.post(&operation("op_1", "authorize", "tok_webhook")).await;
    let authorized = receiver.next().await;
    assert_eq!(partner.switch("operations/op_1/expire").await.0, 200);
    let expired = receiver.next().await;
    assert_eq!((&expired.body["type"], &expired.body["data"]["id"]), (&json!("payment.expired"), &json!("op_1")));
    assert_ne!(expired.id, authorized.id);
    partner.no_event().await;
}

#[tokio::test]
async fn a_storm_of_one_webhook_counts_its_answers() {
    let mut receiver = Receiver::start(&[503, 503]).await;
    let partner = receiver.partner().await;
    partner.post(&operation("op_1", "capture", "tok_visa")).await;
    assert_eq!(partner.switch("operations/op_1/webhook?times=100").await, (200, json!({ "204": 98, "503": 2 })));
    assert_eq!(partner.switch("operations/op_1/webhook").await, (200, json!({ "204": 1 })));
    for _ in 0..101 {
        assert_eq!(receiver.next().await.id, "msg_op_1-payment-captured-v1");
    }
    for query in ["times=0", "times=1001", "times=many", "often=1"] {
        assert_eq!(partner.switch(&format!("operations/op_1/webhook?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn a_webhook_needs_an_outcome_and_somewhere_to_go() {
    let partner = Partner::start().await;
    partner.post(&operation("op_1", "capture", "tok_late")).await;
    for id in ["op_1", "op_2"] {
        assert_eq!(partner.switch(&format!("operations/{id}/webhook")).await.0, 404);
    }
    partner.switch("operations/op_1/finish").await;
    assert_eq!(partner.switch("operations/op_1/webhook").await.0, 409);
    assert_eq!(partner.set("webhook", &json!({ "url": "http://127.0.0.1:1", "secret": "whsec_short" })).await, 400);
    assert_eq!(partner.set("webhook", &json!({ "url": "http://127.0.0.1:1", "secret": SECRET })).await, 204);
    assert_eq!(partner.switch("operations/op_1/webhook").await, (200, json!({ "none": 1 })));
}
