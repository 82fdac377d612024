//! Endpoints that ask who calls: signature, standing, scope, and the origin that a command gets.

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{BoxFuture, Call, HttpFunction, Problem, Reply, router},
    Answer, HttpSpec, Route, SPEC, THING, post, send, state,
};
use crate::{
    auth::KnownKey,
    clock,
    commands::Claim,
    domain::{
        ids::{KeyId, TenantId},
        permissions::Permission,
        policy::TenantPolicy,
    },
    function::Access,
    signature::{RequestParts, sign},
};

const SECRET: &[u8] = b"osk_0123456789012345678901234567890123456789012";
const KEY: KeyId = KeyId { tenant: TenantId::new(Uuid::from_u128(1)), key: Uuid::from_u128(2) };
const SIGNED: HttpSpec = HttpSpec { permission: Access::Scope(Permission::OrdersWrite), idempotency: true, ..SPEC };

/// One endpoint and one key.
async fn app(spec: HttpSpec, scopes: &[Permission], tenant_suspended: bool) -> Router {
    serving(spec, origin, scopes, tenant_suspended).await
}

pub(super) async fn serving(
    spec: HttpSpec,
    handle: fn(Call) -> BoxFuture<'static, Result<Reply, Problem>>,
    scopes: &[Permission],
    tenant_suspended: bool,
) -> Router {
    let (state, authenticator) = state();
    let key = KnownKey {
        secret: SECRET.to_vec().into(),
        scopes: scopes.into(),
        expires_at: None,
        revoked_at: None,
        tenant_suspended,
        policy: Arc::new(TenantPolicy::default()),
    };
    authenticator.learn(KEY, Some(key)).await;
    router(vec![HttpFunction::new(Box::leak(Box::new(spec)), handle)], state)
}

/// Answers what a command would learn of the request.
fn origin(call: Call) -> BoxFuture<'static, Result<Reply, Problem>> {
    Box::pin(async move {
        let origin = call.origin()?;
        let Claim::Idempotency { function, key, fingerprint } = origin.claim else { return Err(Problem::internal("no key")) };
        let tenant = origin.tenant.to_string();
        Reply::json(200, &(tenant, origin.actor.to_string(), function, key, fingerprint, origin.correlation_id))
    })
}

fn signed(path: &str, body: &'static str) -> Request<Body> {
    signed_as("POST", path, body)
}

fn signed_as(method: &str, path: &str, body: &'static str) -> Request<Body> {
    signed_with(method, path, body, ("idempotency-key", "k-1"))
}

/// A request with this header, signed.
pub(super) fn signed_with(method: &str, path: &str, body: impl Into<String>, (name, value): (&'static str, &'static str)) -> Request<Body> {
    let body: String = body.into();
    let mut headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let parts = RequestParts { method, path, query, headers: &headers, body: body.as_bytes() };
    let fields = sign(&parts, &KEY.to_string(), SECRET, clock::now().as_second(), &Uuid::now_v7().to_string()).unwrap();
    for (name, value) in fields.iter() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers.insert("x-request-id", HeaderValue::from_static("req-1"));
    let uri = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut request = Request::builder().method(method).uri(uri).body(Body::from(body)).unwrap();
    *request.headers_mut() = headers;
    request
}

async fn send_all(app: &Router, requests: impl IntoIterator<Item = Request<Body>>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for request in requests {
        answers.push(send(app, request).await);
    }
    answers
}

#[tokio::test]
async fn a_command_learns_who_calls_and_under_which_key() {
    let app = app(SIGNED, &[Permission::OrdersWrite], false).await;
    let answer = send(&app, signed(THING, "{\"a\":1}")).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let body = answer.json();
    assert_eq!(
        [&body[0], &body[1], &body[2], &body[3], &body[5]],
        [&json!(KEY.tenant), &json!(KEY.to_string()), &json!("test-function"), &json!("k-1"), &json!("req-1")]
    );
}

#[tokio::test]
async fn a_retry_has_the_same_fingerprint_and_another_request_another() {
    let app = app(SIGNED, &[Permission::OrdersWrite], false).await;
    let requests = [(THING.to_owned(), "{\"a\":1}"), (THING.to_owned(), "{ \"a\" : 1 }"), (format!("{THING}?x=1"), "{\"a\":1}")];
    let answers = send_all(&app, requests.iter().map(|(path, body)| signed(path, body))).await;
    let fingerprints = answers.iter().map(|answer| answer.json()[4].clone()).collect::<Vec<_>>();
    assert_eq!(fingerprints[0], fingerprints[1]);
    assert_ne!(fingerprints[0], fingerprints[2]);
}

#[tokio::test]
async fn an_unsigned_request_is_told_what_to_sign() {
    let app = app(SIGNED, &[Permission::OrdersWrite], false).await;
    let answer = send(&app, post(THING, &[("idempotency-key", "k-1")], "{}")).await;
    assert_eq!(answer.problem(), (401, "signature_missing".to_owned()));
    assert_eq!(answer.header("www-authenticate"), "Signature");
    assert_eq!(
        answer.header("accept-signature"),
        "sig1=(\"@method\" \"@path\" \"@query\" \"content-digest\" \"idempotency-key\");created;alg=\"hmac-sha256\";tag=\"orders-v1\""
    );
    let body = answer.json();
    assert_eq!(body["reason"], "missing");
    assert_eq!(body["required_components"], json!(["@method", "@path", "@query", "content-digest", "idempotency-key"]));
    assert!(body["server_time"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn what_was_changed_after_signing_is_refused() {
    let app = app(SIGNED, &[Permission::OrdersWrite], false).await;
    let mut other_body = signed(THING, "{\"a\":1}");
    *other_body.body_mut() = Body::from("{\"a\":2}");
    assert_eq!(send(&app, other_body).await.problem(), (401, "signature_digest_mismatch".to_owned()));
    let mut other_key = signed(THING, "{\"a\":1}");
    other_key.headers_mut().insert("idempotency-key", HeaderValue::from_static("k-2"));
    assert_eq!(send(&app, other_key).await.problem(), (401, "signature_mac_mismatch".to_owned()));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let app = app(SIGNED, &[Permission::OrdersRead], false).await;
    let answer = send(&app, signed(THING, "")).await;
    assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()));
    assert_eq!(answer.json()["required_scope"], "orders:write");
}

#[tokio::test]
async fn a_suspended_tenant_may_do_nothing() {
    let app = app(SIGNED, &[Permission::OrdersWrite], true).await;
    assert_eq!(send(&app, signed(THING, "")).await.problem(), (403, "tenant_suspended".to_owned()));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    from: Option<u32>,
}

/// Lists the numbers from `from` on, for ever.
fn list(call: Call) -> BoxFuture<'static, Result<Reply, Problem>> {
    Box::pin(async move {
        let (filter, page) = call.page::<Filter>()?;
        let first = page.after.as_ref().map_or(filter.from.unwrap_or(0), |after| after.parse::<u32>().unwrap() + 1);
        let data = (first..first + page.limit).collect::<Vec<_>>();
        page.reply(&data, Some(&(first + page.limit - 1).to_string()))
    })
}

#[tokio::test]
async fn a_list_is_followed_by_its_links() {
    let spec = HttpSpec { routes: &[Route { method: "GET", path: "/v1/things" }], permission: Access::Any, ..SPEC };
    let app = serving(spec, list, &[], false).await;
    let first = send(&app, signed_as("GET", "/v1/things?from=10&limit=2", "")).await;
    assert_eq!(first.json()["data"], json!([10, 11]));
    let link = first.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0;
    let second = send(&app, signed_as("GET", link, "")).await;
    assert_eq!(second.json()["data"], json!([12, 13]));

    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let elsewhere = send(&app, signed_as("GET", &format!("/v1/things?from=11&cursor={cursor}"), "")).await;
    assert_eq!(elsewhere.problem(), (400, "malformed".to_owned()));
    assert_eq!(elsewhere.json()["parameter"], "cursor");
    let repeated = send(&app, signed_as("GET", "/v1/things?limit=2&limit=3", "")).await;
    assert_eq!((repeated.problem().0, repeated.json()["parameter"].as_str()), (422, Some("limit")));
}
