//! The published contract, `docs/openapi.json`, as a caller of another language would use it: every answer that a test gets is held
//! against it, and a request that succeeded must have been one that it allows.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;

/// The committed document.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json"));
    serde_json::from_str(text).expect("docs/openapi.json is JSON")
});

/// Headers that mean something to a caller: an answer that has one says so in the contract.
const TOLD: [&str; 8] =
    ["etag", "location", "link", "idempotency-replayed", "retry-after", "accept-signature", "accept-post", "accept-patch"];

/// Headers that are documented and come only when there is something to say: another page, a repeat, a time to wait.
const SOMETIMES: [&str; 3] = ["link", "idempotency-replayed", "retry-after"];

/// A media type whose documents stand one a line; the contract sees them as an array.
const LINES: &str = "application/x-ndjson";

/// A request and its answer.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The body that was sent.
    pub body: &'a [u8],
    /// What came back.
    pub answer: &'a Answer,
}

/// Holds an exchange against the contract.
///
/// # Panics
/// When the contract says something else.
pub fn hold(exchange: &Exchange<'_>) {
    if let Err(why) = check(exchange) {
        let body = String::from_utf8_lossy(&exchange.answer.body);
        panic!("{} {}: {why}\nanswer: {body}", exchange.method, exchange.path);
    }
}

fn check(exchange: &Exchange<'_>) -> Result<(), String> {
    let Exchange { method, path, body, answer } = exchange;
    let path = path.split('?').next().unwrap_or_default();
    // With `Allow` it is the router that answers: this process does not host the operation.
    let Some(operation) = operation(method, path).filter(|_| !answer.headers.contains_key("allow")) else { return check_nowhere(answer) };
    let id = operation["operationId"].as_str().unwrap_or_default();
    let status = answer.status.to_string();
    let response = operation["responses"].get(&status).ok_or_else(|| format!("{id} answers {status}, which the contract does not know"))?;
    check_headers(response, answer)?;
    if *method != "HEAD" {
        check_body(&format!("{id} {status}"), response, answer)?;
    }
    if answer.status < 300 && !body.is_empty() { check_taken(id, &operation["requestBody"]["content"], body, answer) } else { Ok(()) }
}

/// What was taken must have been allowed: the body, or where each line is judged by itself, the lines that were.
fn check_taken(id: &str, content: &Value, body: &[u8], answer: &Answer) -> Result<(), String> {
    let what = format!("{id} request");
    let no_json = |error| format!("{id} took what is no JSON: {error}");
    if let Some(lines) = content.get(LINES) {
        let body: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
        for result in answer.lines().iter().filter(|result| result["status"].as_u64().is_some_and(|status| status < 300)) {
            let number = result["line"].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
            let line = number.checked_sub(1).and_then(|index| body.get(index)).ok_or_else(|| format!("{id} took a line {number}"))?;
            check_value(&format!("{what}, a line"), &lines["schema"]["items"], &serde_json::from_slice(line).map_err(no_json)?)?;
        }
        return Ok(());
    }
    let taken = content.as_object().and_then(|content| content.values().next());
    let schema = &taken.ok_or_else(|| format!("{id} took a body, which the contract does not know"))?["schema"];
    check_value(&what, schema, &serde_json::from_slice(body).map_err(no_json)?)
}

/// What no operation answers is a 404 or a 405.
fn check_nowhere(answer: &Answer) -> Result<(), String> {
    if !matches!(answer.status, 404 | 405) {
        return Err(format!("answered {}, and is not in the contract", answer.status));
    }
    check_value("problem", &json!({"$ref": "#/components/schemas/Problem"}), &answer.json())
}

fn check_headers(response: &Value, answer: &Answer) -> Result<(), String> {
    let known =
        |name: &str| response["headers"].as_object().is_some_and(|headers| headers.keys().any(|key| key.eq_ignore_ascii_case(name)));
    if let Some(untold) = TOLD.into_iter().find(|name| answer.headers.contains_key(*name) && !known(name)) {
        return Err(format!("{} has the header {untold}, which the contract does not know", answer.status));
    }
    let mut always = response["headers"].as_object().into_iter().flat_map(|headers| headers.keys().map(|name| name.to_lowercase()));
    let missing = always.find(|name| !SOMETIMES.contains(&name.as_str()) && !answer.headers.contains_key(name));
    missing.map_or(Ok(()), |name| Err(format!("{} has no {name}, which the contract promises", answer.status)))
}

fn check_body(what: &str, response: &Value, answer: &Answer) -> Result<(), String> {
    let media_type = answer.header("content-type").split(';').next().unwrap_or_default();
    match response["content"].get(media_type) {
        Some(content) if content.get("schema").is_some() => {
            check_value(&format!("{what} as {media_type}"), &content["schema"], &document(media_type, answer))
        }
        Some(_) => Ok(()),
        None if response.get("content").is_none() && answer.body.is_empty() => Ok(()),
        None => Err(format!("{what} came as {media_type:?}, which the contract does not know")),
    }
}

/// A body as its schema sees it.
fn document(media_type: &str, answer: &Answer) -> Value {
    match media_type {
        LINES => answer.lines().into(),
        text if text.starts_with("text/") => String::from_utf8_lossy(&answer.body).into(),
        _ => answer.json(),
    }
}

/// Holds a value against a schema of the document; `what` names the schema.
///
/// # Errors
/// Where the value does not fit.
pub fn check_value(what: &str, schema: &Value, value: &Value) -> Result<(), String> {
    let errors: Vec<_> = validator(what, schema).iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if errors.is_empty() { Ok(()) } else { Err(format!("{what} is not as the contract says:\n{}", errors.join("\n"))) }
}

/// Compiled once a schema: tests send thousands of requests.
fn validator(what: &str, schema: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let compile = || {
        // References begin at the root of the document.
        let rooted = json!({"allOf": [schema], "components": DOCUMENT["components"]});
        let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&rooted);
        Arc::new(validator.unwrap_or_else(|error| panic!("{what} is no JSON Schema: {error}")))
    };
    Arc::clone(compiled.entry(what.to_owned()).or_insert_with(compile))
}

/// The operation of a method on a path.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let method = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let paths = DOCUMENT["paths"].as_object()?;
    // Of two templates that match, the one that is literal first.
    let matching = paths.iter().filter(|(template, _)| matches(template, path));
    let (_, item) =
        matching.max_by_key(|(template, _)| template.split('/').map(|segment| !segment.starts_with('{')).collect::<Vec<_>>())?;
    item.get(method)
}

fn matches(template: &str, path: &str) -> bool {
    let fits = |(expected, segment): (&str, &str)| if expected.starts_with('{') { !segment.is_empty() } else { expected == segment };
    template.split('/').count() == path.split('/').count() && template.split('/').zip(path.split('/')).all(fits)
}

/// Every operation: its path, its method in capitals, and what is said of it.
pub fn operations() -> impl Iterator<Item = (&'static str, String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (path.as_str(), method.to_uppercase(), operation))
    })
}

/// The example of an operation's body.
///
/// # Panics
/// When it has none.
#[must_use]
pub fn example(operation_id: &str) -> Value {
    let operation = operations().find(|(_, _, operation)| operation["operationId"] == operation_id);
    let content = operation.and_then(|(_, _, operation)| operation["requestBody"]["content"].as_object()?.values().next());
    content.unwrap_or_else(|| panic!("{operation_id} takes no body"))["example"].clone()
}
