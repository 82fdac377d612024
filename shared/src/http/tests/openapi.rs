//! What keeps functions from being described is told all at once; what they imply is there without being said.

use serde_json::Value;
use utoipa::ToSchema;

use super::{HttpSpec, Route, SPEC, echo};
use crate::{
    domain::permissions::Permission,
    function::Access,
    http::{Code, HttpFunction, openapi::document},
};

#[derive(ToSchema)]
#[expect(dead_code, reason = "described and never made")]
struct Thing {
    size: u32,
}

mod other {
    #[derive(utoipa::ToSchema)]
    #[expect(dead_code, reason = "described and never made")]
    pub(super) struct Thing {
        colour: String,
    }
}

fn function(spec: HttpSpec) -> HttpFunction {
    HttpFunction::new(Box::leak(Box::new(spec)), echo)
}

fn operation(function: HttpFunction, pointer: &str) -> Value {
    document(&[function]).unwrap()["paths"]["/v1/things/{order_id}"].pointer(pointer).unwrap().clone()
}

#[test]
fn everything_that_is_missing_is_told_by_name() {
    let silent = function(HttpSpec { name: "silent", ..SPEC });
    let routes = &[Route { method: "GET", path: "/v1/things/{colour}" }];
    let unknown = function(HttpSpec { name: "unknown", routes, ..SPEC }).answers_nothing();
    let clash = function(HttpSpec { name: "clash", ..SPEC }).takes::<Thing>("{}").answers::<other::Thing>();
    let bad_example = function(HttpSpec { name: "bad-example", ..SPEC }).takes::<Thing>("{").answers_nothing();
    let errors = document(&[silent, unknown, clash, bad_example]).unwrap_err();
    for (error, (name, why)) in errors.iter().zip([
        ("silent", "has no contract"),
        ("unknown", "{colour} has no schema"),
        ("bad-example", "its example is no JSON"),
        ("two types", "are called Thing"),
    ]) {
        assert!(error.starts_with(name) && error.contains(why), "{error}");
    }
    assert_eq!(errors.len(), 4);
}

#[test]
fn what_a_manifest_demands_is_a_parameter_with_its_problems() {
    let demanding = HttpSpec { permission: Access::Scope(Permission::OrdersWrite), idempotency: true, if_match: true, ..SPEC };
    let demanding = function(demanding).answers_nothing().refuses(&[Code::OrderOnHold]);
    let post = |pointer: &str| operation(demanding, &format!("/post{pointer}"));
    let parameters = post("/parameters").to_string();
    for parameter in ["Idempotency-Key", "If-Match", "X-Request-Id", "traceparent"] {
        assert!(parameters.contains(&format!("#/components/parameters/{parameter}")), "{parameters}");
    }
    for (status, codes) in [
        ("400", &["malformed", "idempotency_key_required"][..]),
        ("403", &["insufficient_scope", "tenant_suspended"]),
        ("404", &["not_found"]),
        ("409", &["order_busy", "order_on_hold", "idempotency_in_progress"]),
        ("412", &["version_mismatch"]),
        ("428", &["precondition_required"]),
        ("503", &["dependency_unavailable"]),
    ] {
        let pointer = format!("/responses/{status}/content/application~1problem+json/schema/properties/code/enum");
        assert_eq!(post(&pointer), Value::from(codes), "{status}");
    }
    assert_eq!(post("/security/0/signature/0"), "orders:write");
}

#[test]
fn what_nobody_demands_is_not_there() {
    let post = operation(function(SPEC).answers_nothing(), "/post");
    let statuses: Vec<_> = post["responses"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(statuses, ["200", "400", "404", "409", "413", "422", "500", "503"]);
    assert!(post.get("requestBody").is_none() && post["security"].as_array().unwrap().is_empty());
}
