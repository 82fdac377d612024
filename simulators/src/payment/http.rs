//! The endpoints of the contract, under `/v1`: signed by the caller.

use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use shared::signature::{Reason, RequestParts, Unverified};

use super::register::Posted;
use super::{Mood, Operation, Payments, Request, Status, switches};
use crate::reply::{json, not_found, problem};

/// The largest request body, in bytes; a larger one is a 413.
const MAX_BODY_LEN: usize = 64 * 1024;

/// The routes of the payment partner, its switches included.
pub fn router(payments: Arc<Payments>) -> Router {
    Router::new()
        .route("/v1/operations", post(post_operation))
        .route("/v1/operations/{id}", get(get_operation))
        .merge(switches::router())
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
        Posted::Lost => {
            tokio::time::sleep(super::TIMEOUT).await;
            problem(StatusCode::GATEWAY_TIMEOUT, "lost", "the request never arrived")
        }
        Posted::Known(mood, operation) => answer(&request, mood, &operation).await,
        Posted::New(mood) => {
            // A task of its own: a caller that hangs up does not stop its payment.
            let carried_out = tokio::spawn(Arc::clone(&payments).carry_out(request.id.clone(), mood)).await;
            let operation = payments.register().record(&request.id).and_then(|record| record.operation.clone());
            match (carried_out, operation) {
                (Ok(()), Some(operation)) => answer(&request, mood, &operation).await,
                _ => problem(StatusCode::INTERNAL_SERVER_ERROR, "failed", "the operation broke off"),
            }
        }
    }
}

/// What a POST is answered in this mood, when it is answered.
async fn answer(request: &Request, mood: Mood, operation: &Operation) -> Response {
    if !mood.answers() {
        tokio::time::sleep(super::TIMEOUT).await;
    }
    match operation.status {
        _ if mood == Mood::Mute => json(StatusCode::ACCEPTED, &request.pending()),
        Status::Pending => json(StatusCode::ACCEPTED, operation),
        _ => json(StatusCode::OK, operation),
    }
}

async fn get_operation(State(payments): State<Arc<Payments>>, Path(id): Path<String>, request: HttpRequest) -> Response {
    if let Err(refusal) = signed(&payments, request).await {
        return *refusal;
    }
    match payments.register().ask(&id) {
        Some(operation) => json(StatusCode::OK, &operation),
        None => not_found("no operation of this id was accepted"),
    }
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
