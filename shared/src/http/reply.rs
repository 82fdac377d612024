//! What a handler answers when all is well: status, headers, body.

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, LINK, LOCATION},
};
use serde::Serialize;

use super::Problem;
use crate::commands::Executed;

/// Media type of every answer that is not a problem.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Says that an answer is older than its request.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A body that was not finished. The caller sees its connection closed in the middle of the body (RFC 9112 §8), and never a shorter one.
#[derive(Debug, thiserror::Error)]
#[error("the answer was broken off")]
pub(super) struct BrokenOff;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Body,
}

/// The entity tag of a version, quoted as the header wants it: `"v12"`.
pub(super) fn etag(version: u64) -> String {
    format!("\"v{version}\"")
}

impl Reply {
    pub(super) fn new(status: u16, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body: body.into() }
    }

    /// A view as JSON.
    ///
    /// # Errors
    /// 500 when the view cannot be JSON, which is a bug of the view.
    pub fn json(status: u16, view: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(view).map_err(Problem::internal)?;
        Ok(Self::json_text(status, body.into()))
    }

    /// Text or bytes of another media type: a page, a contract.
    pub fn content(status: u16, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        Self { status, headers, body: Body::from(body.into()) }
    }

    /// A body that is sent piece by piece, as long as it lasts; what went wrong on the way is said within it, in the media type's own
    /// words, because its status has long been sent. A caller who hangs up drops the pieces unmade.
    pub fn stream(media_type: &'static str, pieces: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self::breakable_stream(media_type, pieces.map(Ok))
    }

    /// The same where what went wrong cannot be said within it: the body is broken off.
    pub(super) fn breakable_stream(
        media_type: &'static str,
        pieces: impl Stream<Item = Result<Bytes, BrokenOff>> + Send + 'static,
    ) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        Self { status: 200, headers, body: Body::from_stream(pieces) }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { status: 204, headers: HeaderMap::new(), body: Body::empty() }
    }

    /// 202 without a body: it will be done.
    pub fn accepted() -> Self {
        Self { status: 202, ..Self::no_content() }
    }

    /// 304: the caller has this version already ([`Call::if_none_match`](super::Call::if_none_match) said so).
    pub fn not_modified(version: u64) -> Self {
        Self { status: 304, headers: HeaderMap::new(), body: Body::empty() }.version(version)
    }

    /// Sets `ETag`, so that callers may keep the answer and ask whether it is still good.
    #[must_use]
    pub fn version(self, version: u64) -> Self {
        self.text_header(ETAG, &etag(version))
    }

    /// Says that no cache may keep it: it shows a secret.
    #[must_use]
    pub fn never_stored(self) -> Self {
        self.text_header(CACHE_CONTROL, "no-store")
    }

    /// Sets `Location`: a path.
    #[must_use]
    pub fn location(self, path: &str) -> Self {
        self.text_header(LOCATION, path)
    }

    /// Sets `Link` (RFC 8288).
    pub(super) fn link(self, value: &str) -> Self {
        self.text_header(LINK, value)
    }

    /// JSON that is text already.
    pub(super) fn json_text(status: u16, body: Bytes) -> Self {
        Self { status, headers: HeaderMap::from_iter([(CONTENT_TYPE, JSON)]), body: body.into() }
    }

    /// Paths, tags and cursors are visible ASCII by construction; a header that were not would be left out.
    fn text_header(mut self, name: HeaderName, text: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(text) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// Whether it answers an effect that is older than its request.
    pub(super) fn is_replayed(&self) -> bool {
        self.headers.contains_key(IDEMPOTENCY_REPLAYED)
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        // Handlers and stored answers name statuses of the contract; anything else is a bug and answered as one.
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers;
        response
    }
}

/// The answer of a command, as it was committed: byte for byte the same when it is replayed.
impl From<Executed> for Reply {
    fn from(Executed { answer, replayed }: Executed) -> Self {
        let mut reply = Self::json_text(answer.status, answer.body.into());
        if let Some(location) = &answer.location {
            reply = reply.location(location);
        }
        if let Some(etag) = &answer.etag {
            reply = reply.text_header(ETAG, etag);
        }
        if replayed {
            reply = reply.text_header(IDEMPOTENCY_REPLAYED, "true");
        }
        reply
    }
}
