//! An operation's answers: its success, and every problem that it can give, by status.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::{Code, HttpFunction, contract::Answers};
use crate::{
    domain::schema::Shapes,
    function::{Access, Route},
    live,
};

/// Headers of every answer.
const ALWAYS: [&str; 2] = ["X-Request-Id", "Cache-Control"];
/// Headers of every answer to somebody's key, once it is known.
const RATES: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// All of them.
///
/// # Errors
/// When a route's content is not described.
pub(super) fn responses(function: &HttpFunction, route: &Route, schemas: &mut Shapes) -> Result<Map<String, Value>, String> {
    let (spec, contract) = (function.spec, &function.contract);
    let mut responses = Map::new();
    let success = success(function, route, schemas)?;
    if let Some((status, when)) = contract.or_answers {
        let mut other = if status == 204 { json!({"headers": headers(&[])}) } else { success.clone() };
        other["description"] = when.into();
        responses.insert(status.to_string(), other);
    }
    responses.insert(spec.success.to_string(), success);
    if contract.versioned && route.method == "GET" {
        let headers = headers(&["ETag"]);
        responses
            .insert("304".to_owned(), json!({"description": "The version that `If-None-Match` names is still good.", "headers": headers}));
    }
    let mut problems: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(function, route) {
        problems.entry(code.status()).or_default().push(code);
    }
    let by_key = spec.permission.is_by_key();
    responses.extend(problems.into_iter().map(|(status, codes)| (status.to_string(), problem(status, &codes, route, by_key))));
    Ok(responses)
}

fn success(function: &HttpFunction, route: &Route, schemas: &mut Shapes) -> Result<Value, String> {
    let (spec, contract) = (function.spec, &function.contract);
    let mut names = Vec::new();
    let (description, content) = match contract.answers {
        Answers::Nothing | Answers::Unsaid => ("Done.", None),
        Answers::One(shape) => (spec.purpose, Some(json!({"application/json": {"schema": schemas.reference(shape)}}))),
        Answers::Page(shape) => {
            names.push("Link");
            let item = schemas.reference(shape);
            ("One page.", Some(json!({"application/json": {"schema": page(&item)}})))
        }
        Answers::Content(contents) => {
            let (_, media_type, what) = contents
                .iter()
                .find(|(path, ..)| *path == route.path)
                .ok_or_else(|| format!("nothing is said about the content of {}", route.path))?;
            (*what, Some(json!({*media_type: {}})))
        }
        Answers::Events(what) => (what, Some(json!({live::MEDIA_TYPE: {}}))),
    };
    if spec.permission.is_by_key() {
        names.extend(RATES);
    }
    for (name, sent) in [("ETag", contract.versioned), ("Location", spec.success == 201), ("Idempotency-Replayed", spec.idempotency)] {
        if sent {
            names.push(name);
        }
    }
    let mut response = json!({"description": description, "headers": headers(&names)});
    if let Some(content) = content {
        response["content"] = content;
    }
    Ok(response)
}

/// A list's answer around its items.
fn page(item: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["data", "next_cursor", "has_more"],
        "properties": {
            "data": {"type": "array", "items": item},
            "next_cursor": {"type": ["string", "null"], "description": "The `cursor` of the next page; null on the last."},
            "has_more": {"type": "boolean"},
        },
    })
}

fn headers(names: &[&str]) -> Map<String, Value> {
    let named = names.iter().chain(&ALWAYS);
    named.map(|name| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}))).collect()
}

fn problem(status: u16, codes: &[Code], route: &Route, by_key: bool) -> Value {
    let mut names = Vec::new();
    // What is refused before the caller is known, or may be, says nothing of its rates.
    if by_key && matches!(status, 403 | 409 | 412 | 415 | 422 | 428 | 429) {
        names.extend(RATES);
    }
    if codes.iter().any(|code| code.retry_after_s().is_some() || *code == Code::RateLimited) {
        names.push("Retry-After");
    }
    match (status, route.method) {
        (401, _) if by_key => names.extend(["WWW-Authenticate", "Accept-Signature"]),
        (401, _) => names.push("WWW-Authenticate"),
        (415, "PATCH") => names.push("Accept-Patch"),
        (415, _) => names.push("Accept-Post"),
        _ => {}
    }
    let texts: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let meanings: Vec<_> = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
    json!({
        "description": meanings.join(" "),
        "headers": headers(&names),
        "content": {"application/problem+json": {"schema": {
            "allOf": [{"$ref": "#/components/schemas/Problem"}],
            "properties": {"code": {"enum": texts}, "status": {"const": status}},
        }}},
    })
}

/// Every code that the operation can give: what its manifest and types imply, and what it declares.
fn codes(function: &HttpFunction, route: &Route) -> Vec<Code> {
    let (spec, contract) = (function.spec, &function.contract);
    let by_key = spec.permission.is_by_key();
    let implied: [(bool, &[Code]); 11] = [
        (true, &[Code::Malformed, Code::PayloadTooLarge, Code::Internal, Code::DependencyUnavailable]),
        (by_key, &SIGNATURE),
        // A session opens nothing but GET, and is told so elsewhere.
        (by_key, &[Code::Unauthenticated, Code::TenantSuspended, Code::RateLimited]),
        (spec.permission == Access::Webhook, &WEBHOOK_SIGNATURE),
        (matches!(spec.permission, Access::Scope(_)), &[Code::InsufficientScope]),
        (spec.idempotency, &[Code::IdempotencyKeyRequired, Code::IdempotencyKeyReused, Code::IdempotencyInProgress]),
        (spec.if_match, &[Code::PreconditionRequired, Code::VersionMismatch]),
        (contract.takes.is_some(), &[Code::UnsupportedMediaType]),
        (!matches!(contract.answers, Answers::Content(_)), &[Code::ValidationFailed]),
        (route.parameters().next().is_some(), &[Code::NotFound]),
        (route.method != "GET" && route.parameters().any(|name| name == "order_id"), &[Code::OrderBusy]),
    ];
    let implied = implied.into_iter().filter(|(holds, _)| *holds).flat_map(|(_, codes)| codes);
    let mut codes: Vec<Code> = implied.chain(contract.refuses).copied().collect();
    // In the order of the list of codes, and each once.
    codes.sort_by_key(|code| Code::ALL.iter().position(|other| other == code));
    codes.dedup();
    codes
}

/// What a signature can be refused for.
const SIGNATURE: [Code; 8] = [
    Code::SignatureMissing,
    Code::SignatureMalformed,
    Code::SignatureUnknownKey,
    Code::SignatureClockSkew,
    Code::SignatureDigestMismatch,
    Code::SignatureMissingComponent,
    Code::SignatureMacMismatch,
    Code::SignatureReplayed,
];

/// What the signature of a webhook can be refused for.
const WEBHOOK_SIGNATURE: [Code; 4] =
    [Code::SignatureMissing, Code::SignatureMalformed, Code::SignatureClockSkew, Code::SignatureMacMismatch];
