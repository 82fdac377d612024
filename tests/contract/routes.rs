//! How every endpoint of the catalog is called: the ids in its path, the body that it takes.
//!
//! The suites go through the whole catalog with this. An endpoint with a new kind of id or a body that nobody named fails them until it
//! is named here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::{
    catalog::HTTP,
    function::{Access, HttpSpec},
};
use tests::{Caller, Options, Request, Stack, sample};

/// Endpoints that anyone may call, without a signature. A name that is no longer in the catalog fails as well.
const PUBLIC: [&str; 0] = [];

/// One id of each kind that a path may name, by the parameter's name.
pub type Ids = BTreeMap<&'static str, String>;

/// Every endpoint with a caller behind it.
pub fn authenticated() -> impl Iterator<Item = &'static HttpSpec> {
    HTTP.iter().copied().filter(|spec| spec.permission != Access::Public)
}

/// A process with every endpoint.
pub async fn start() -> Stack {
    let names: Vec<_> = HTTP.iter().map(|spec| spec.name).collect();
    Stack::start(Options::http().only(&names.join(","))).await
}

/// The parameters of a path: `order_id` of `/v1/orders/{order_id}`.
pub fn parameters(spec: &'static HttpSpec) -> Vec<&'static str> {
    spec.path.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
}

/// A real id of each kind that the catalog knows, all of this tenant.
pub async fn own_ids(caller: &Caller) -> Ids {
    let placed = caller.place(&sample::order()).await;
    let order = caller.order(placed["id"].as_str().unwrap()).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let kinds: BTreeSet<_> = authenticated().flat_map(parameters).collect();
    let id = |kind: &str| match kind {
        "order_id" => text(&order["id"]),
        "payment_id" => text(&order["payments"][0]["id"]),
        "operation_id" => text(&order["payments"][0]["operations"][0]["id"]),
        "key_id" => caller.key.key_id.clone(),
        "tenant_id" => caller.key.tenant_id.clone(),
        new => panic!("{new} is a new kind of id: say here how a tenant comes by one"),
    };
    kinds.into_iter().map(|kind| (kind, id(kind))).collect()
}

/// The same id with another last digit: of the same form, and nobody's.
pub fn invented(id: &str) -> String {
    let (head, last) = id.split_at(id.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

/// A request that would succeed if the ids were the caller's own and the key may do it.
pub fn request<'c>(caller: &'c Caller, spec: &'static HttpSpec, ids: &Ids) -> Request<'c> {
    let fill = |path: String, name: &str| path.replace(&format!("{{{name}}}"), &ids[name]);
    let path = parameters(spec).into_iter().fold(spec.path.to_owned(), fill);
    let mut request = caller.request(spec.method.parse().unwrap(), &path);
    if spec.idempotency {
        request = request.new_key();
    }
    if spec.if_match {
        request = request.header("if-match", "\"v1\"");
    }
    match body(spec) {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// A body that the endpoint takes.
fn body(spec: &HttpSpec) -> Option<Value> {
    match (spec.method, spec.name) {
        ("GET" | "DELETE", _) => None,
        (_, "create-order") => Some(sample::order()),
        (_, new) => panic!("{new} takes a body: say here which"),
    }
}

#[test]
fn who_may_be_called_by_anyone_is_listed() {
    let public: BTreeSet<_> = HTTP.iter().filter(|spec| spec.permission == Access::Public).map(|spec| spec.name).collect();
    assert_eq!(public, BTreeSet::from(PUBLIC));
}
