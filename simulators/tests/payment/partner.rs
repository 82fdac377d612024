//! A running partner and a caller who signs, as every test here uses them.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use shared::signature::{RequestParts, sign};
use simulators::broker::{Published, Publisher};
use simulators::config::Config;
use simulators::payment::{Mood, Payments, router};
use tokio::sync::mpsc::UnboundedReceiver;

pub const KEY_ID: &str = "key_orders";
const SECRET: &str = "osk_for_tests_only";

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long a test watches for what must not come.
const WATCH: Duration = Duration::from_millis(200);

/// A running partner, and the events it would have published.
pub struct Partner {
    pub url: String,
    pub client: reqwest::Client,
    pub events: UnboundedReceiver<Published>,
}

impl Partner {
    pub async fn start() -> Self {
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
            webhooks: None,
            mood: Mood::Ok,
            pace: Duration::ZERO,
        };
        let payments = Arc::new(Payments::new(&config, port, publisher));
        tokio::spawn(axum::serve(listener, router(payments)).into_future());
        Self { url: format!("http://127.0.0.1:{port}"), client: reqwest::Client::new(), events }
    }

    /// A signed request; `change` may spoil it after it was signed.
    pub async fn call(&self, method: Method, path: &str, body: &str, change: impl FnOnce(&mut HeaderMap)) -> (u16, Value) {
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
        answer(self.client.request(method, format!("{}{path}", self.url)).headers(headers).body(body.to_owned())).await
    }

    pub async fn post(&self, operation: &Value) -> (u16, Value) {
        self.call(Method::POST, "/v1/operations", &operation.to_string(), |_| {}).await
    }

    /// The status that a POST ends in, or the code of its failure.
    pub async fn outcome(&self, operation: &Value) -> String {
        let (status, answer) = self.post(operation).await;
        assert_eq!(status, 200, "{answer}");
        let code = &answer["failure"]["code"];
        if code.is_null() { &answer["status"] } else { code }.as_str().unwrap().to_owned()
    }

    /// Sends an operation that arrives, and gives up: no answer comes.
    pub async fn post_unanswered(&self, operation: &Value) {
        let arrives = async {
            while self.listed().await.as_array().unwrap().iter().all(|listed| listed["id"] != operation["id"]) {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(WATCH).await;
        };
        tokio::select! {
            answer = self.post(operation) => panic!("the POST was answered: {answer:?}"),
            () = arrives => {}
        }
    }

    pub async fn get(&self, id: &str) -> (u16, Value) {
        self.call(Method::GET, &format!("/v1/operations/{id}"), "", |_| {}).await
    }

    /// An unsigned POST to a switch.
    pub async fn switch(&self, path: &str) -> (u16, Value) {
        answer(self.client.post(format!("{}/simulator/{path}", self.url))).await
    }

    /// An unsigned PUT of a setting; the status of its answer.
    pub async fn set(&self, path: &str, body: &Value) -> u16 {
        answer(self.client.put(format!("{}/simulator/{path}", self.url)).body(body.to_string())).await.0
    }

    pub async fn listed(&self) -> Value {
        answer(self.client.get(format!("{}/simulator/operations", self.url))).await.1
    }

    /// The partner's books.
    pub async fn payments(&self) -> Value {
        answer(self.client.get(format!("{}/simulator/payments", self.url))).await.1
    }

    /// The sums of a payment: authorized, captured, voided, refunded, reversed, and net.
    pub async fn sums(&self, payment: &str) -> [i64; 6] {
        let books = self.payments().await;
        let book = books.as_array().unwrap().iter().find(|book| book["payment_id"] == payment).unwrap();
        ["authorized", "captured", "voided", "refunded", "reversed", "net"].map(|sum| book[sum].as_i64().unwrap())
    }

    pub async fn event(&mut self) -> (String, Value) {
        let published = tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap();
        assert_eq!(published.exchange, "payments.events");
        assert_eq!(published.event.tenantid.as_deref(), Some("ten_1"));
        assert_eq!(published.event.subject.as_deref(), Some("ord_1"));
        (published.event.r#type.clone(), published.event.data_as().unwrap())
    }

    pub async fn no_event(&mut self) {
        let event = tokio::time::timeout(WATCH, self.events.recv()).await;
        assert!(event.is_err(), "{event:?}");
    }
}

/// The first operation of a payment, over 1000 minor units.
pub fn operation(id: &str, kind: &str, token: &str) -> Value {
    json!({ "id": id, "kind": kind, "tenant_id": "ten_1", "order_id": "ord_1", "payment_id": "pay_1", "amount": 1000,
            "currency": "EUR", "method": "card", "token": token })
}

/// A later operation of the same payment: without a token.
pub fn later(id: &str, kind: &str, amount: i64) -> Value {
    json!({ "id": id, "kind": kind, "tenant_id": "ten_1", "order_id": "ord_1", "payment_id": "pay_1", "amount": amount,
            "currency": "EUR", "reference": "sim_op_1" })
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}
