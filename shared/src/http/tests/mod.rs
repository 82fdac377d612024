//! The wrapper in process: fake endpoints behind the real router, no PostgreSQL and no Redis.

mod bulk;
mod fuzz;
mod json;
mod openapi;
mod problems;
mod queries;
mod requests;
mod signed;
mod webhooks;

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt;

use super::{BoxFuture, Call, HttpFunction, Problem, Reply, State, router};
use crate::{
    auth::Authenticator,
    cache::Cache,
    commands::Context,
    db::{Connect, Database},
    function::{Access, HttpSpec, Route},
    live::Hub,
    secrets::{Keyring, WebhookSecret},
};

/// A public endpoint that demands nothing; tests override what they are about.
const SPEC: HttpSpec = HttpSpec {
    name: "test-function",
    purpose: "Do a thing",
    routes: &[Route { method: "POST", path: "/v1/things/{order_id}" }],
    permission: Access::Public,
    idempotency: false,
    if_match: false,
    timeout_seconds: 10,
    success: 200,
    body_max_bytes: 1024 * 1024,
    streams: false,
    database_role: "orders_app",
};

/// One key of 32 zero bytes.
const KEYS: &str = "v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// 32 zero bytes.
const WEBHOOK_SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const THING: &str = "/v1/things/ord_0198f000000070008000000000000001";

/// State with stores at addresses where nobody listens.
fn state() -> (State, Authenticator) {
    let url = SecretString::from("postgres://127.0.0.1:1/nowhere?sslmode=disable");
    let database = Database::new(&Connect { url: &url, role: "orders_app", pool_size: 1 }).unwrap();
    let cache = Cache::new(&SecretString::from("redis://127.0.0.1:1/0")).unwrap();
    let keyring = Arc::new(Keyring::parse(&KEYS.into()).unwrap());
    let authenticator = Authenticator::new(database.clone(), cache, Arc::clone(&keyring), None);
    let context = Context::new(database.clone(), keyring);
    let webhook_secrets = vec![WebhookSecret::parse(WEBHOOK_SECRET).unwrap()];
    let live = Hub::new(database.clone(), None, watch::channel(false).1);
    (State::new(context, database, authenticator.clone(), webhook_secrets, live), authenticator)
}

/// A router with one endpoint.
fn app(spec: HttpSpec, handle: fn(Call) -> BoxFuture<'static, Result<Reply, Problem>>) -> Router {
    router(vec![HttpFunction::new(Box::leak(Box::new(spec)), handle)], state().0)
}

/// An endpoint that answers what it was sent.
fn echo(call: Call) -> BoxFuture<'static, Result<Reply, Problem>> {
    Box::pin(async move { Ok(Reply::content(200, "application/octet-stream", call.body().clone())) })
}

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a problem.
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.collect().await.unwrap().to_bytes().to_vec() }
}

fn post(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}
