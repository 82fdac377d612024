//! Messages over HTTP: CloudEvents POSTed to `/`, in structured or binary mode, as Knative's RabbitmqSource brings them.
//!
//! Nothing is signed here: such a process is reached from inside the cluster only, and a NetworkPolicy sees to that. The answers are
//! for a dispatcher that takes 400, 401, 403 and 422 for success and tries again for few others: 204 is done, 202 is written down
//! (deferred or dead), 503 is to be brought again. There is no other.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
    routing::post,
};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::{
    cloudevents::MAX_EVENT_LEN,
    messaging::{Settlement, Settler},
};

/// Bytes of an oversized message that its dead letter keeps; the rest is read and let go.
const KEPT_BYTES: usize = 16 * MAX_EVENT_LEN;
/// A body must arrive within this time; beyond it the dispatcher has to bring it again.
const BODY_LIMIT: Duration = Duration::from_secs(10);

/// The one endpoint of a consumer.
pub(super) fn router(settler: Settler) -> Router {
    Router::new().route("/", post(move |request: Request| take(settler.clone(), request)))
}

async fn take(settler: Settler, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(Some(body)) = timeout(BODY_LIMIT, read(body)).await else { return answer(Settlement::StoreAway) };
    let fields = attributes(parts.headers);
    // A task of its own: a dispatcher that hangs up ends the waiting, never a transaction.
    let work = tokio::spawn(async move { settler.settle_fields(fields, body, Duration::MAX).await });
    answer(work.await.unwrap_or(Settlement::StoreAway))
}

/// The body, as far as it is kept; `None` when it breaks off. It is read to its end, because a dispatcher whose sending is cut off
/// would hear no answer and bring it for ever.
async fn read(mut body: Body) -> Option<Vec<u8>> {
    let mut kept: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let data: Bytes = frame.ok()?.into_data().unwrap_or_default();
        kept.extend(data.iter().take(KEPT_BYTES - kept.len()));
    }
    Some(kept)
}

/// The fields that say something about the event.
fn attributes(fields: HeaderMap) -> HeaderMap {
    let mut attributes = HeaderMap::new();
    for (name, value) in &fields {
        if name == CONTENT_TYPE || name.as_str().starts_with("ce-") {
            attributes.append(name, value.clone());
        }
    }
    attributes
}

fn answer(settlement: Settlement) -> Response {
    match settlement {
        Settlement::Done => StatusCode::NO_CONTENT.into_response(),
        Settlement::Filed => StatusCode::ACCEPTED.into_response(),
        Settlement::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response(),
    }
}
