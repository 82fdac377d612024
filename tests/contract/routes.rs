//! How every endpoint of the catalog is called: the ids in its path, the body that it takes.
//!
//! The suites go through the whole catalog with this. An endpoint with a new kind of id or a body that nobody named fails them until it
//! is named here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};
use shared::{
    catalog::HTTP,
    function::{Access, HttpSpec, Route},
};
use tests::{Caller, Request, sample};

/// Endpoints that anyone may call, without a signature. A name that is no longer in the catalog fails as well.
const PUBLIC: [&str; 1] = ["api-docs"];

/// One id of each kind that a path may name, by the parameter's name.
pub type Ids = BTreeMap<&'static str, String>;

/// One route of a function, with the policy that holds for it.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// The function.
    pub spec: &'static HttpSpec,
    route: &'static Route,
}

impl Endpoint {
    /// Names of the parameters in its path.
    pub fn parameters(self) -> Vec<&'static str> {
        self.route.parameters().collect()
    }

    /// It only reads.
    pub fn is_get(self) -> bool {
        self.route.method == "GET"
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.route.method, self.route.path)
    }
}

/// Every endpoint with a caller behind it.
pub fn authenticated() -> impl Iterator<Item = Endpoint> {
    let specs = HTTP.iter().copied().filter(|spec| spec.permission != Access::Public);
    specs.flat_map(|spec| spec.routes.iter().map(move |route| Endpoint { spec, route }))
}

/// A real id of each kind that the catalog knows, all of this tenant.
pub async fn own_ids(caller: &Caller) -> Ids {
    let placed = caller.place(&sample::order()).await;
    let order = caller.order(placed["id"].as_str().unwrap()).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let kinds: BTreeSet<_> = authenticated().flat_map(Endpoint::parameters).collect();
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
pub fn request<'c>(caller: &'c Caller, endpoint: Endpoint, ids: &Ids) -> Request<'c> {
    let Endpoint { spec, route } = endpoint;
    let fill = |path: String, name: &str| path.replace(&format!("{{{name}}}"), &ids[name]);
    let path = endpoint.parameters().into_iter().fold(route.path.to_owned(), fill);
    let mut request = caller.request(route.method.parse().unwrap(), &path);
    if spec.idempotency {
        request = request.new_key();
    }
    if spec.if_match {
        request = request.header("if-match", "\"v1\"");
    }
    match body(endpoint) {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// A body that the endpoint takes.
fn body(Endpoint { spec, route }: Endpoint) -> Option<Value> {
    match (route.method, spec.name) {
        ("GET" | "DELETE", _) => None,
        (_, "cancel-order") => Some(json!({})),
        (_, "create-order") => Some(sample::order()),
        (_, "create-payment") => Some(sample::order()["payments"][0].clone()),
        (_, new) => panic!("{new} takes a body: say here which"),
    }
}

#[test]
fn who_may_be_called_by_anyone_is_listed() {
    let public: BTreeSet<_> = HTTP.iter().filter(|spec| spec.permission == Access::Public).map(|spec| spec.name).collect();
    assert_eq!(public, BTreeSet::from(PUBLIC));
}
