//! The load: so many clients, each with one connection, each sending one request after the other.

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
use tokio::{net::TcpStream, time::interval_at};
use uuid::Uuid;

/// What is asked for.
#[derive(Debug, Clone)]
pub enum Traffic {
    /// Signed orders of three lines and one tender, each under a key of its own.
    PlaceOrders(Key),
    /// This path, signed.
    Read(Key, String),
    /// This path, as anybody may ask for it.
    ReadOpenly(String),
}

/// Who loads what, and how much.
#[derive(Debug, Clone)]
pub struct Load {
    /// Base URL of what is loaded.
    pub url: String,
    /// What is asked for.
    pub traffic: Traffic,
    /// Clients at once.
    pub clients: usize,
    /// How long.
    pub length: Duration,
    /// Each client sends at this pace, late ones at once; without it, as soon as it has its answer.
    pub each_every: Option<Duration>,
}

impl Load {
    /// Loads for a time and answers how long each request took.
    ///
    /// # Panics
    /// When a request is answered with anything but its success.
    pub async fn run(&self, length: Duration) -> Vec<Duration> {
        let until = Instant::now() + length;
        let load = Arc::new(self.clone());
        let clients: Vec<_> = (0..self.clients).map(|place| tokio::spawn(Arc::clone(&load).client(place, until))).collect();
        let mut latencies = Vec::new();
        for client in clients {
            latencies.extend(client.await.unwrap());
        }
        latencies
    }

    async fn client(self: Arc<Self>, place: usize, until: Instant) -> Vec<Duration> {
        let address = self.url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut latencies = Vec::new();
        // Clients take turns, so that requests come one by one and not all at once.
        let turn = |period: Duration| interval_at(tokio::time::Instant::now() + period * place as u32 / self.clients as u32, period);
        let mut pace = self.each_every.map(turn);
        while Instant::now() < until {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let (request, success) = self.request(&address);
            let started = Instant::now();
            let answer = sender.send_request(request).await.unwrap();
            let status = answer.status();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(status, success, "{}", String::from_utf8_lossy(&body));
            latencies.push(started.elapsed());
        }
        latencies
    }

    /// The next request, and the status of its success.
    fn request(&self, address: &str) -> (Request<Full<Bytes>>, u16) {
        let get = |path: &str| Request::get(path).header(HOST, address).body(()).unwrap();
        match &self.traffic {
            Traffic::PlaceOrders(key) => (signed(key, order(address)), 201),
            Traffic::Read(key, path) => (signed(key, (get(path), String::new())), 200),
            Traffic::ReadOpenly(path) => (get(path).map(|()| Full::default()), 200),
        }
    }
}

fn order(address: &str) -> (Request<()>, String) {
    let key = Uuid::new_v4().to_string();
    let line = |number: u32| json!({ "sku": format!("TEA-{number}"), "name": "Green tea", "quantity": 2, "unit_price": 1250, "tax": 500 });
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
    });
    let builder =
        Request::post("/v1/orders").header(HOST, address).header("content-type", "application/json").header("idempotency-key", key);
    (builder.body(()).unwrap(), body.to_string())
}

fn signed(key: &Key, (mut request, body): (Request<()>, String)) -> Request<Full<Bytes>> {
    let (method, uri) = (request.method().as_str(), request.uri());
    let parts = RequestParts { method, path: uri.path(), query: uri.query(), headers: request.headers(), body: body.as_bytes() };
    let now = jiff::Timestamp::now().as_second();
    let nonce = Uuid::new_v4().simple().to_string();
    let signed = sign(&parts, &key.key_id, key.secret.as_bytes(), now, &nonce).unwrap();
    for (name, value) in signed.iter() {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request.map(|()| Full::from(body))
}
