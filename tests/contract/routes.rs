//! How every endpoint of the catalog is called: the ids in its path, the body that it takes.
//!
//! The suites go through the whole catalog with this. An endpoint with a new kind of id or a body that nobody named fails them until it
//! is named here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::{
    catalog::HTTP,
    function::{Access, HttpSpec, Route},
};
use tests::{Answer, Caller, Options, Request, Stack, Webhook, sample};

/// Endpoints that anyone may call, without a signature. A name that is no longer in the catalog fails as well.
const PUBLIC: [&str; 1] = ["api-docs"];
/// Endpoints that a partner pushes to: no key opens them, and the tenant is in the body. `tenants` and `scopes` go through them.
const PUSHED_TO: [&str; 1] = ["receive-payment-webhook"];

/// One id of each kind that a path may name, by the parameter's name.
pub type Ids = BTreeMap<&'static str, String>;

/// Every endpoint with a caller's key behind it.
pub fn authenticated() -> impl Iterator<Item = &'static HttpSpec> {
    HTTP.iter().copied().filter(|spec| spec.permission.is_by_key())
}

/// Those of them that take a scope.
pub fn scoped() -> impl Iterator<Item = &'static HttpSpec> {
    authenticated().filter(|spec| matches!(spec.permission, Access::Scope(_)))
}

/// Whether the answer of an endpoint tells what happens until somebody ends it.
pub fn never_ends(spec: &HttpSpec) -> bool {
    matches!(spec.name, "stream-order" | "stream-orders")
}

/// Every endpoint that a partner pushes to.
pub fn pushed_to() -> impl Iterator<Item = &'static HttpSpec> {
    HTTP.iter().copied().filter(|spec| spec.permission == Access::Webhook)
}

/// News of an order of `owner`, pushed in the name of `named`.
///
/// # Panics
/// When nobody has said what is pushed to this endpoint.
pub fn push<'c>(spec: &HttpSpec, owner: &'c Caller, order: &Value, named: &Caller) -> Request<'c> {
    match spec.name {
        "receive-payment-webhook" => Webhook::captured(named, order).request(owner),
        new => panic!("{new} takes webhooks: say here which"),
    }
}

/// Every endpoint that a tenant may call. The operator's own reach any tenant by its id: there the scope is the wall (see `scopes`).
pub fn of_tenants() -> impl Iterator<Item = &'static HttpSpec> {
    authenticated().filter(|spec| !matches!(spec.permission, Access::Scope(scope) if scope.is_operators()))
}

/// Where an endpoint is called. Only the public one has several routes.
pub fn route(spec: &'static HttpSpec) -> &'static Route {
    assert_eq!(spec.routes.len(), 1, "{} has several routes: the suites must go through all of them", spec.name);
    &spec.routes[0]
}

/// A process with every endpoint.
pub async fn start() -> Stack {
    Stack::start(Options::http()).await
}

/// The parameters of a path: `order_id` of `/v1/orders/{order_id}`.
pub fn parameters(spec: &'static HttpSpec) -> Vec<&'static str> {
    route(spec).parameters().collect()
}

/// A real id of each kind that the catalog knows, all of this tenant.
pub async fn own_ids(caller: &Caller) -> Ids {
    try_own_ids(caller).await.unwrap_or_else(|refusal| panic!("a tenant comes by no ids: {refusal}"))
}

/// The same, or what kept the tenant from coming by them.
pub async fn try_own_ids(caller: &Caller) -> Result<Ids, String> {
    let successful = |answer: Answer| granted(&answer).map(|()| answer.json());
    // Partly paid, so that another payment may be added.
    let order = sample::with(|order| order["payments"][0]["amount"] = 1_000.into());
    let placed = successful(caller.post("/v1/orders").new_key().json(&order).send().await)?;
    let whole = format!("/v1/orders/{}?expand=payments", placed["id"].as_str().unwrap());
    let order = successful(caller.get(&whole).send().await)?;
    let key = successful(caller.post("/v1/api-keys").new_key().json(&any_key()).send().await)?;
    let session = successful(caller.post("/v1/sessions").send().await)?;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let kinds: BTreeSet<_> = authenticated().flat_map(parameters).collect();
    let id = |kind: &str| match kind {
        "order_id" => text(&order["id"]),
        "payment_id" => text(&order["payments"][0]["id"]),
        "operation_id" => text(&order["payments"][0]["operations"][0]["id"]),
        "key_id" => text(&key["id"]),
        "session_id" => text(&session["id"]),
        "tenant_id" => caller.key.tenant_id.clone(),
        new => panic!("{new} is a new kind of id: say here how a tenant comes by one"),
    };
    Ok(kinds.into_iter().map(|kind| (kind, id(kind))).collect())
}

/// Whether an answer is a success; else what it is.
pub fn granted(answer: &Answer) -> Result<(), String> {
    let is_refused = |line: &Value| line["status"].as_u64() >= Some(300);
    // Of lines each is granted by itself.
    let lines = if answer.header("content-type") == "application/x-ndjson" { answer.lines() } else { Vec::new() };
    if answer.status / 100 == 2 && !lines.iter().any(is_refused) { Ok(()) } else { Err(format!("{answer:?}")) }
}

/// Whether an answer comes from the caller's own thing: a success, or a refusal because of the state that it is in; else what it is.
pub fn reached(answer: &Answer) -> Result<(), String> {
    if answer.status == 409 && answer.json()["code"] == "invalid_transition" { Ok(()) } else { granted(answer) }
}

/// The same id with another last digit: of the same form, and nobody's.
pub fn invented(id: &str) -> String {
    let (head, last) = id.split_at(id.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

/// A request that would succeed if the ids were the caller's own and the key may do it.
pub fn request<'c>(caller: &'c Caller, spec: &'static HttpSpec, ids: &Ids) -> Request<'c> {
    let fill = |path: String, name: &str| path.replace(&format!("{{{name}}}"), &ids[name]);
    let path = parameters(spec).into_iter().fold(route(spec).path.to_owned(), fill) + query(spec);
    let mut request = caller.request(route(spec).method.parse().unwrap(), &path);
    if spec.idempotency {
        request = request.new_key();
    }
    if spec.if_match {
        request = request.header("if-match", "\"v1\"");
    }
    match body(spec) {
        Some(body) if spec.name == "import-orders" => request.lines(&[body]),
        Some(body) => request.json(&body),
        None => request,
    }
}

/// Parameters without which the endpoint has nothing to answer.
fn query(spec: &'static HttpSpec) -> &'static str {
    if spec.name == "wait-order" { "?until=version:1" } else { "" }
}

fn any_key() -> Value {
    json!({ "name": "a test's key", "scopes": ["orders:read"] })
}

/// A body that the endpoint takes.
fn body(spec: &'static HttpSpec) -> Option<Value> {
    match (route(spec).method, spec.name) {
        ("GET" | "DELETE", _) | (_, "cancel-order" | "create-session" | "rotate-api-key" | "capture-payment" | "void-payment") => None,
        (_, "create-order") => Some(sample::order()),
        (_, "import-orders") => Some(sample::with(|order| order["external_reference"] = uuid::Uuid::new_v4().to_string().into())),
        (_, "create-payment") => Some(json!({ "method": "card", "token": "tok_visa", "amount": 1, "capture": "automatic" })),
        (_, "refund-order") => Some(json!({ "reason": "customer_request" })),
        (_, "resolve-payment-operation") => Some(json!({ "outcome": "failed", "reason": "not_found" })),
        (_, "replay-dead-letters") => Some(json!({ "filter": {} })),
        (_, "discard-dead-letters") => Some(json!({ "filter": {}, "reason": "sent_by_a_test" })),
        (_, "republish-events") => Some(json!({ "from": "2026-11-22T10:00:00Z", "to": "2026-11-22T11:00:00Z" })),
        (_, "create-api-key") => Some(any_key()),
        (_, "create-tenant") => Some(json!({ "name": "a test's tenant" })),
        (_, "update-tenant") => Some(json!({ "name": "renamed" })),
        (_, new) => panic!("{new} takes a body: say here which"),
    }
}

#[test]
fn who_may_be_called_without_a_key_is_listed() {
    let with = |access: Access| HTTP.iter().filter(move |spec| spec.permission == access).map(|spec| spec.name).collect::<BTreeSet<_>>();
    assert_eq!(with(Access::Public), BTreeSet::from(PUBLIC));
    assert_eq!(with(Access::Webhook), BTreeSet::from(PUSHED_TO));
}
