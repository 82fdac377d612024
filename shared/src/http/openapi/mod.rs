//! The OpenAPI 3.1 document: every function's manifest and contract, read by callers of any language.
//!
//! In reading order: [`document`] collects; `operation` is one function on one of its routes; `responses` are its answers and every
//! problem that it can give; `parts` are the headers, parameters and schemas that operations share. The frame is JSON as it stands in the document, because that reads better than builders; what is inside it comes from
//! the catalog, [`Code`](super::Code) and the types that parse and render.

mod operation;
mod parts;
mod responses;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{HttpFunction, contract::Answers};
use crate::{
    domain::schema::Shapes,
    function::{Access, HttpSpec},
};

/// The document of these functions.
///
/// # Errors
/// Everything that keeps it from being one, a sentence each: a function without a contract, a name that means two types, …
pub fn document(functions: &[HttpFunction]) -> Result<Value, Vec<String>> {
    let mut schemas = Shapes::default();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut errors = Vec::new();
    for function in functions {
        if matches!(function.contract.answers, Answers::Unsaid) {
            errors.push(unsaid(function.spec));
        }
        for route in function.spec.routes {
            match operation::operation(function, route, &mut schemas) {
                Ok(operation) => drop(paths.entry(route.path).or_default().insert(route.method.to_lowercase(), operation)),
                Err(error) => errors.push(format!("{}: {error}", function.spec.name)),
            }
        }
    }
    let (schemas, clashes) = schemas.finish(parts::schemas());
    errors.extend(clashes);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "order-service",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Orders of many tenants, with their payments, stock and shipments",
            "description": include_str!("description.md"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The host that serves this document"}],
        "tags": tags(functions),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parts::parameters(),
            "headers": parts::headers(),
            "securitySchemes": parts::security_schemes(),
        },
    }))
}

fn unsaid(spec: &HttpSpec) -> String {
    let HttpSpec { name, .. } = spec;
    format!(
        "{name}: has no contract. Say in functions/http/{name}/src/lib.rs what it takes and answers, on the value that function() returns: \
         .takes::<Body>(include_str!(\"example.json\")) if it has a body, .query::<Filters>() if it has a query, then one of \
         .answers::<View>(), .lists::<View>(), .answers_nothing(); .versioned() with an ETag; .refuses(&[Code::…]) for problems of its own"
    )
}

/// Operations stand together by the thing that their scope speaks of: `orders:write` is about orders.
fn tag(spec: &HttpSpec) -> &'static str {
    match spec.permission {
        Access::Scope(scope) => scope.as_str().split(':').next().unwrap_or_default(),
        Access::Any => "sessions",
        Access::Webhook => "webhooks",
        Access::Public => "public",
    }
}

fn tags(functions: &[HttpFunction]) -> Vec<Value> {
    let names: BTreeSet<_> = functions.iter().map(|function| tag(function.spec)).collect();
    names.into_iter().map(|name| json!({"name": name, "description": about(name)})).collect()
}

fn about(tag: &str) -> &'static str {
    match tag {
        "orders" => "Placing, reading and changing orders",
        "payments" => "The money of an order, in its own steps",
        "keys" => "API keys of a tenant",
        "admin" => "Tenants; for the operator of the installation",
        "ops" => "What a person must settle",
        "webhooks" => "What partners push to us",
        "public" => "Open to everyone, without a signature",
        _ => "Reading without a key, for a while",
    }
}
