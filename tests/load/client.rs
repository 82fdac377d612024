//! The load: so many clients, each with one connection, each placing one signed order after the other.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use serde_json::json;
use shared::signature::{RequestParts, sign};
use tests::Key;
use tokio::net::TcpStream;
use uuid::Uuid;

const PATH: &str = "/v1/orders";

/// Who loads what, and how much.
#[derive(Debug, Clone)]
pub struct Load {
    /// Base URL of the service.
    pub url: String,
    /// The tenant's key.
    pub key: Key,
    /// Clients at once.
    pub clients: usize,
    /// How long.
    pub length: Duration,
}

impl Load {
    /// Loads for a time and answers how long each order took.
    ///
    /// # Panics
    /// When an order is answered with anything but 201.
    pub async fn run(&self, length: Duration) -> Vec<Duration> {
        let until = Instant::now() + length;
        let load = Arc::new(self.clone());
        let clients: Vec<_> = (0..self.clients).map(|_| tokio::spawn(Arc::clone(&load).client(until))).collect();
        let mut latencies = Vec::new();
        for client in clients {
            latencies.extend(client.await.unwrap());
        }
        latencies
    }

    async fn client(self: Arc<Self>, until: Instant) -> Vec<Duration> {
        let address = self.url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut latencies = Vec::new();
        while Instant::now() < until {
            let request = self.order(&address);
            let started = Instant::now();
            let answer = sender.send_request(request).await.unwrap();
            let status = answer.status();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
            latencies.push(started.elapsed());
        }
        latencies
    }

    fn order(&self, address: &str) -> Request<Full<Bytes>> {
        let key = Uuid::new_v4().to_string();
        let line =
            |number: u32| json!({ "sku": format!("TEA-{number}"), "name": "Green tea", "quantity": 2, "unit_price": 1250, "tax": 500 });
        let body = json!({
            "external_reference": format!("ref-{key}"),
            "currency": "EUR",
            "customer": { "reference": "cus_77", "email": "kim@example.com", "name": "Kim Lee" },
            "shipping_address": { "name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT" },
            "lines": [line(1), line(2), line(3)],
            "shipping": 990,
            "expected_total": 9990,
            "payments": [{ "method": "card", "token": "tok_visa", "amount": 9990, "capture": "automatic" }],
            "metadata": { "channel": "web" },
        })
        .to_string();
        let builder = Request::post(PATH).header(HOST, address).header("content-type", "application/json").header("idempotency-key", key);
        let mut request = builder.body(()).unwrap();
        let parts = RequestParts { method: "POST", path: PATH, query: None, headers: request.headers(), body: body.as_bytes() };
        let now = jiff::Timestamp::now().as_second();
        let nonce = Uuid::new_v4().simple().to_string();
        let signed = sign(&parts, &self.key.key_id, self.key.secret.as_bytes(), now, &nonce).unwrap();
        for (name, value) in signed.iter() {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        request.map(|()| Full::from(body))
    }
}
