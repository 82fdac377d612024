//! `GET /openapi.json`, `GET /asyncapi.json`, `GET /schemas/{type}`, `GET /docs`, `GET /problems/{code}`: the contracts of requests and of
//! messages, a page to read and try the first, and what a code means.
//!
//! The documents are the committed ones, which `cargo xtask sync` writes and checks. The page loads nothing but itself and its
//! document; it signs in the browser, where key and secret stay.
//!
//! A gateway sends what no other function takes here as well: the router answers it with 404 or 405, knowing the whole catalog.

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::{
    catalog,
    http::{Call, Code, Content, HttpFunction, Problem, Reply},
    messaging::asyncapi,
};

const JSON: &str = "application/json";
const SCHEMA_JSON: &str = "application/schema+json";
const MESSAGES_TEXT: &str = include_str!("../../../../docs/asyncapi.json");

static DOCUMENT: LazyLock<Content> = LazyLock::new(|| Content::new(JSON, include_str!("../../../../docs/openapi.json")));
static MESSAGES: LazyLock<Content> = LazyLock::new(|| Content::new(JSON, MESSAGES_TEXT));
static PAGE: LazyLock<Content> = LazyLock::new(|| Content::new("text/html; charset=utf-8", include_str!("page.html")));
static STYLE: LazyLock<Content> = LazyLock::new(|| Content::new("text/css; charset=utf-8", include_str!("page.css")));
static SCRIPT: LazyLock<Content> = LazyLock::new(|| Content::new("text/javascript; charset=utf-8", include_str!("page.js")));

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::API_DOCS, |call| Box::pin(handle(call))).versioned().serves(&[
        ("/openapi.json", JSON, "This document."),
        ("/asyncapi.json", JSON, "The contract of messages, as AsyncAPI 3.0."),
        ("/schemas/{type}", SCHEMA_JSON, "The JSON Schema (2020-12) of a whole event of this type, in structured mode."),
        ("/docs", "text/html", "A page to read the contract and to try it."),
        ("/docs/page.css", "text/css", "How the page looks."),
        ("/docs/page.js", "text/javascript", "What the page does."),
        ("/problems/{code}", JSON, "What the code means: the members of a problem that are the same every time."),
    ])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    match call.route().path {
        "/openapi.json" => Ok(call.content(&DOCUMENT)),
        "/asyncapi.json" => Ok(call.content(&MESSAGES)),
        "/schemas/{type}" => Ok(call.content(&schema(&call.path::<String>("type")?)?)),
        "/docs" => Ok(call.content(&PAGE)),
        "/docs/page.css" => Ok(call.content(&STYLE)),
        "/docs/page.js" => Ok(call.content(&SCRIPT)),
        "/problems/{code}" => Ok(call.content(&meaning(call.path("code")?))),
        other => Err(Problem::internal(format!("the manifest has a route without content: {other}"))),
    }
}

/// The schema of a type, as it is in `docs/schemas`.
fn schema(r#type: &str) -> Result<Content, Problem> {
    static DOCUMENT: LazyLock<Option<Value>> = LazyLock::new(|| serde_json::from_str(MESSAGES_TEXT).ok());
    let document = DOCUMENT.as_ref().ok_or_else(|| Problem::internal("docs/asyncapi.json is no JSON"))?;
    let schema = asyncapi::schema(document, r#type).ok_or_else(Problem::not_found)?;
    Ok(Content::new(SCHEMA_JSON, format!("{schema:#}\n")))
}

fn meaning(code: Code) -> Content {
    let meaning = json!({
        "type": format!("/problems/{}", code.as_str()),
        "title": code.title(),
        "status": code.status(),
        "code": code.as_str(),
        "retryable": code.retryable(),
    });
    Content::new(JSON, meaning.to_string())
}
