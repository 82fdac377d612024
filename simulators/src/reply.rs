//! What the endpoints answer: JSON, and refusals as a code for programs with a sentence for people.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::json;

/// An answer of this status and body.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], Body::from(bytes)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A refusal.
pub(crate) fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    json(status, &json!({ "code": code, "detail": detail }))
}

/// The refusal of what does not exist, or does not stand where it would have to.
pub(crate) fn not_found(detail: &str) -> Response {
    problem(StatusCode::NOT_FOUND, "not-found", detail)
}
