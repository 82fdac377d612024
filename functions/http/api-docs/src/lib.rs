//! `GET /openapi.json`, `GET /docs`, `GET /problems/{code}`: the contract, a page to read and try it, and what a code means.
//!
//! The document is the committed one, which `cargo xtask sync` writes and checks. The page loads nothing but itself and the
//! document; it signs in the browser, where key and secret stay.
//!
//! A gateway sends what no other function takes here as well: the router answers it with 404 or 405, knowing the whole catalog.

use std::sync::LazyLock;

use serde_json::json;
use shared::{
    catalog,
    http::{Call, Code, Content, HttpFunction, Problem, Reply},
};

const JSON: &str = "application/json";

static DOCUMENT: LazyLock<Content> = LazyLock::new(|| Content::new(JSON, include_str!("../../../../docs/openapi.json")));
static PAGE: LazyLock<Content> = LazyLock::new(|| Content::new("text/html; charset=utf-8", include_str!("page.html")));
static STYLE: LazyLock<Content> = LazyLock::new(|| Content::new("text/css; charset=utf-8", include_str!("page.css")));
static SCRIPT: LazyLock<Content> = LazyLock::new(|| Content::new("text/javascript; charset=utf-8", include_str!("page.js")));

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::API_DOCS, |call| Box::pin(handle(call))).versioned().serves(&[
        ("/openapi.json", JSON, "This document."),
        ("/docs", "text/html", "A page to read the contract and to try it."),
        ("/docs/page.css", "text/css", "How the page looks."),
        ("/docs/page.js", "text/javascript", "What the page does."),
        ("/problems/{code}", JSON, "What the code means: the members of a problem that are the same every time."),
    ])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    match call.route().path {
        "/openapi.json" => Ok(call.content(&DOCUMENT)),
        "/docs" => Ok(call.content(&PAGE)),
        "/docs/page.css" => Ok(call.content(&STYLE)),
        "/docs/page.js" => Ok(call.content(&SCRIPT)),
        "/problems/{code}" => Ok(call.content(&meaning(call.path("code")?))),
        other => Err(Problem::internal(format!("the manifest has a route without content: {other}"))),
    }
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
