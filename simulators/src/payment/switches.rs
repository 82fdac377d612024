//! The switches for tests, under `/simulator`: unsigned. They show what the partner knows and move what waits.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use http::StatusCode;
use serde::Deserialize;

use super::notice::Notice;
use super::{Kind, Mood, Payments, Status, Told, Webhooks};
use crate::reply::{json, not_found, problem};

/// The most webhooks that one call sends at once; more are a 400.
const MAX_STORM: usize = 1_000;

/// The switches' routes.
pub(super) fn router() -> Router<Arc<Payments>> {
    Router::new()
        .route("/simulator/operations", get(list_operations))
        .route("/simulator/payments", get(list_payments))
        .route("/simulator/mood", put(put_mood))
        .route("/simulator/webhook", put(put_webhook))
        .route("/simulator/actions/{id}", get(complete_action).post(complete_action))
        .route("/simulator/operations/{id}/finish", post(finish))
        .route("/simulator/operations/{id}/expire", post(expire))
        .route("/simulator/operations/{id}/reverse", post(reverse))
        .route("/simulator/operations/{id}/webhook", post(storm))
}

async fn list_operations(State(payments): State<Arc<Payments>>) -> Response {
    json(StatusCode::OK, &payments.register().records())
}

async fn list_payments(State(payments): State<Arc<Payments>>) -> Response {
    json(StatusCode::OK, &payments.register().books())
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
        Err(error) => malformed(&error.to_string()),
    }
}

/// The body of `PUT /simulator/webhook`.
#[derive(Deserialize)]
struct WebhookBody {
    url: String,
    secret: String,
}

async fn put_webhook(State(payments): State<Arc<Payments>>, body: Bytes) -> Response {
    let webhooks = match serde_json::from_slice::<WebhookBody>(&body) {
        Ok(WebhookBody { url, secret }) => Webhooks::new(&url, &secret),
        Err(_) => Err("the body is no {\"url\": …, \"secret\": …}".to_owned()),
    };
    match webhooks {
        Ok(webhooks) => {
            *payments.webhooks() = Some(webhooks);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => malformed(&problem),
    }
}

async fn complete_action(State(payments): State<Arc<Payments>>, Path(id): Path<String>) -> Response {
    told(payments.settle(&id, Status::RequiresAction), "no operation of this id waits for the customer")
}

async fn finish(State(payments): State<Arc<Payments>>, Path(id): Path<String>) -> Response {
    told(payments.settle(&id, Status::Pending), "no operation of this id is pending")
}

async fn expire(State(payments): State<Arc<Payments>>, Path(id): Path<String>) -> Response {
    told(payments.withdraw(&id, Kind::Authorize), "nothing is left of an authorization of this id")
}

async fn reverse(State(payments): State<Arc<Payments>>, Path(id): Path<String>) -> Response {
    told(payments.withdraw(&id, Kind::Refund), "no refund of this id stands")
}

async fn storm(State(payments): State<Arc<Payments>>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let times = query.as_deref().map_or(Some(1), |query| query.strip_prefix("times=")?.parse().ok());
    let Some(times) = times.filter(|times| (1..=MAX_STORM).contains(times)) else {
        return malformed("times is 1 to 1000");
    };
    let Some(notice) = payments.register().record(&id).and_then(Notice::of_outcome) else {
        return not_found("no operation of this id has an outcome");
    };
    let Some(webhooks) = payments.webhooks().clone() else {
        return problem(StatusCode::CONFLICT, "no-webhook", "nobody has said where webhooks go");
    };
    json(StatusCode::OK, &webhooks.storm(&notice.webhook(), times).await)
}

/// The operation that a switch moved; what is told of it follows.
fn told(told: Option<Told>, otherwise: &str) -> Response {
    told.map_or_else(|| not_found(otherwise), |told| json(StatusCode::OK, &told.operation))
}

fn malformed(detail: &str) -> Response {
    problem(StatusCode::BAD_REQUEST, "malformed", detail)
}
