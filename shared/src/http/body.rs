//! A request's body: read whole, bounded in size and time, and checked for its media type.

use axum::body::{Body, Bytes, HttpBody};
use bytes::BytesMut;
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName},
};
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{Code, Problem};

/// A body that is refused is still read up to this length and thrown away: a caller who is sending when its connection closes sees a
/// broken pipe and never the answer. Of a longer one nothing more is read.
const DRAINED_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What a POST may carry (W3C LDP §7.1); sent with a 415.
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
/// What a PATCH may carry (RFC 5789 §3.1); sent with a 415.
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Reads the whole body.
///
/// # Errors
/// 413 when it is longer than `max_bytes`; 400 when it breaks off or has not arrived by `deadline`.
pub(super) async fn read(body: Body, max_bytes: usize, deadline: Instant) -> Result<Bytes, Problem> {
    let declared = body.size_hint().lower();
    if declared > DRAINED_BYTES_MAX {
        return Err(too_large(max_bytes));
    }
    if declared > max_bytes as u64 {
        // Whether it arrives in time makes no difference to the answer.
        let _ = tokio::time::timeout_at(deadline, drain(body, 0)).await;
        return Err(too_large(max_bytes));
    }
    match tokio::time::timeout_at(deadline, collect(body, max_bytes)).await {
        Ok(collected) => collected,
        Err(_) => Err(Problem::malformed("the body did not arrive in time")),
    }
}

async fn collect(mut body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = frame.map_err(|_| Problem::malformed("the body broke off"))?.into_data().unwrap_or_default();
        if collected.len() + data.len() > max_bytes {
            drain(body, (collected.len() + data.len()) as u64).await;
            return Err(too_large(max_bytes));
        }
        // Most bodies come in one piece, which then need not be copied.
        if collected.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

/// Reads what is left of a body that is too long, and of which so much was read.
async fn drain(mut body: Body, mut length: u64) {
    while length <= DRAINED_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        length += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}

fn too_large(max_bytes: usize) -> Problem {
    // Its rest may never be read, and then nothing else can come over this connection; a caller who does not know that would try.
    Problem::new(Code::PayloadTooLarge)
        .detail(format!("a body has at most {max_bytes} bytes"))
        .header(CONNECTION, HeaderValue::from_static("close"))
}

/// Lets JSON through, and for PATCH a JSON merge patch (RFC 7396); never a compressed body, whose size would be no limit.
///
/// # Errors
/// 415, saying what is taken.
pub(super) fn require_json(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method == Method::PATCH {
        require(headers, ACCEPT_PATCH, "application/merge-patch+json, application/json")
    } else {
        require(headers, ACCEPT_POST, "application/json")
    }
}

/// Media types of JSON documents in lines, the one that is registered with nobody and most used first.
pub(super) const LINES_MEDIA_TYPES: [&str; 2] = ["application/x-ndjson", "application/jsonl"];

/// Lets lines of JSON through; never compressed ones, whose size would be no limit.
///
/// # Errors
/// 415, saying what is taken.
pub(super) fn require_lines(headers: &HeaderMap) -> Result<(), Problem> {
    require(headers, ACCEPT_POST, "application/x-ndjson, application/jsonl")
}

/// `accepted` is the value of the field that a refusal has: media types with a comma and a space between them.
fn require(headers: &HeaderMap, name: HeaderName, accepted: &'static str) -> Result<(), Problem> {
    let refusal = |detail: String| Problem::new(Code::UnsupportedMediaType).detail(detail).header(name, HeaderValue::from_static(accepted));
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        // What is taken instead (RFC 9110 §15.5.16).
        let identity = HeaderValue::from_static("identity");
        return Err(refusal("the body must not be compressed".to_owned()).header(ACCEPT_ENCODING, identity));
    }
    let content_type = single(headers, CONTENT_TYPE);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if accepted.split(", ").any(|one| media_type.eq_ignore_ascii_case(one)) {
        return Ok(());
    }
    Err(refusal(format!("the body must be {accepted}")))
}

/// A field that must stand there once; several lines of it could be read as either.
fn single(headers: &HeaderMap, name: HeaderName) -> &str {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().unwrap_or_default(),
        _ => "",
    }
}
