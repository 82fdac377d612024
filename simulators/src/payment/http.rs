//! The endpoints: the contract under `/v1`, signed by the caller; switches for tests under `/simulator`, open.

use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request as HttpRequest, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::signature::{Reason, RequestParts, Unverified};

use super::register::Posted;
use super::{Mood, Operation, Payments, Request, Status};

/// The largest request body, in bytes; a larger one is a 413.
const MAX_BODY_LEN: usize = 64 * 1024;

/// The routes of the payment partner.
pub fn router(payments: Arc<Payments>) -> Router {
    Router::new()
        .route("/v1/operations", post(post_operation))
        .route("/v1/operations/{id}", get(get_operation))
        .route("/simulator/operations", get(list_operations))
        .route("/simulator/mood", put(put_mood))
        .route("/simulator/actions/{id}", get(complete_action).post(complete_action))
        .with_state(payments)
}

async fn post_operation(State(payments): State<Arc<Payments>>, request: HttpRequest) -> Response {
    let (headers, body) = match signed(&payments, request).await {
        Ok(signed) => signed,
        Err(refusal) => return *refusal,
    };
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return problem(StatusCode::BAD_REQUEST, "malformed", &error.to_string()),
    };
    if headers.get("idempotency-key").is_none_or(|key| key.as_bytes() != request.id.as_bytes()) {
        return problem(StatusCode::BAD_REQUEST, "idempotency-key", "Idempotency-Key must be the operation's id");
    }
    let posted = payments.register().post(&request);
    match posted {
        Posted::Conflict => problem(StatusCode::CONFLICT, "conflict", "this id was used with another body"),
        Posted::Unavailable => problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "try again"),
        Posted::Known(Mood::Mute, _) => answer(&request.pending()),
        Posted::Known(mood, operation) => {
            if mood == Mood::Timeout {
                tokio::time::sleep(super::TIMEOUT).await;
            }
            answer(&operation)
        }
        // A task of its own: a caller that hangs up does not stop its payment.
        Posted::New(mood) => match tokio::spawn(payments.carry_out(request, mood)).await {
            Ok(operation) => answer(&operation),
            Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, "failed", &error.to_string()),
        },
    }
}

async fn get_operation(State(payments): State<Arc<Payments>>, Path(id): Path<String>, request: HttpRequest) -> Response {
    if let Err(refusal) = signed(&payments, request).await {
        return *refusal;
    }
    match payments.register().get(&id) {
        Some(operation) => json(StatusCode::OK, &operation),
        None => problem(StatusCode::NOT_FOUND, "not-found", "no operation of this id was accepted"),
    }
}

async fn list_operations(State(payments): State<Arc<Payments>>) -> Response {
    json(StatusCode::OK, &payments.register().records())
}

/// The body of `PUT /simulator/mood`.
#[derive(Debug, Deserialize)]
struct MoodBody {
    mood: Mood,
}

async fn put_mood(State(payments): State<Arc<Payments>>, body: Bytes) -> Response {
    match serde_json::from_slice::<MoodBody>(&body) {
        Ok(MoodBody { mood }) => {
            payments.register().mood = mood;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, "malformed", &error.to_string()),
    }
}

async fn complete_action(State(payments): State<Arc<Payments>>, Path(id): Path<String>) -> Response {
    let completed = payments.register().complete(&id);
    let Some((request, operation)) = completed else {
        return problem(StatusCode::NOT_FOUND, "not-found", "no operation of this id waits for the customer");
    };
    let response = json(StatusCode::OK, &operation);
    tokio::spawn(async move { payments.tell(&request, &operation).await });
    response
}

/// Lets a request through that our caller's key has signed, once.
async fn signed(payments: &Payments, request: HttpRequest) -> Result<(HeaderMap, Bytes), Box<Response>> {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_LEN).await else {
        return Err(Box::new(problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large")));
    };
    let parts =
        RequestParts { method: head.method.as_str(), path: head.uri.path(), query: head.uri.query(), headers: &head.headers, body: &body };
    let verified = Unverified::parse(&parts).and_then(|unverified| {
        let secret = (unverified.key_id() == payments.key_id).then_some(payments.secret.as_bytes());
        unverified.verify(secret, jiff::Timestamp::now().as_second())
    });
    match verified {
        Err(refused) => Err(Box::new(unauthorized(refused.reason, &refused.detail, &refused.required_components))),
        Ok(verified) => {
            let mut nonces = payments.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            if nonces.insert(&verified.nonce, ()).is_some() {
                return Err(Box::new(unauthorized(Reason::Replayed, "this nonce was used before", &[])));
            }
            drop(nonces);
            Ok((head.headers, body))
        }
    }
}

fn unauthorized(reason: Reason, detail: &str, required: &[&str]) -> Response {
    let body = json!({ "reason": reason.as_str(), "detail": detail, "required_components": required });
    json(StatusCode::UNAUTHORIZED, &body)
}

fn answer(operation: &Operation) -> Response {
    let status = if operation.status == Status::Pending { StatusCode::ACCEPTED } else { StatusCode::OK };
    json(status, operation)
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    json(status, &json!({ "code": code, "detail": detail }))
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], Body::from(bytes)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
