//! A request's body: read whole, bounded in size and time, and checked for its media type.

use axum::body::{Body, Bytes, HttpBody};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::Instant;

use super::{Code, Problem};

/// A longer body is refused with 413, at the latest when the byte beyond arrives.
pub(super) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// What a POST may carry (W3C LDP §7.1); sent with a 415.
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
/// What a PATCH may carry (RFC 5789 §3.1); sent with a 415.
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Reads the whole body.
///
/// # Errors
/// 413 when it is too long; 400 when it breaks off or has not arrived by `deadline`.
pub(super) async fn read(body: Body, deadline: Instant) -> Result<Bytes, Problem> {
    // A declared length decides at once, without reading a byte.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout_at(deadline, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::malformed("the body broke off")),
        Err(_) => Err(Problem::malformed("the body did not arrive in time")),
    }
}

fn too_large() -> Problem {
    // Its rest is never read, so nothing else can come over this connection; a caller who does not know that would try.
    Problem::new(Code::PayloadTooLarge)
        .detail(format!("a body has at most {MAX_BODY_BYTES} bytes"))
        .header(CONNECTION, HeaderValue::from_static("close"))
}

/// Lets JSON through, and for PATCH a JSON merge patch (RFC 7396); never a compressed body, whose size would be no limit.
///
/// # Errors
/// 415, saying what is taken.
pub(super) fn require_json(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(Code::UnsupportedMediaType)
            .detail("the body must not be compressed")
            // What is taken instead (RFC 9110 §15.5.16).
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    let content_type = single(headers, CONTENT_TYPE);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_patch = method == Method::PATCH;
    if media_type.eq_ignore_ascii_case("application/json") || (is_patch && media_type.eq_ignore_ascii_case("application/merge-patch+json"))
    {
        return Ok(());
    }
    let (name, accepted) =
        if is_patch { (ACCEPT_PATCH, "application/merge-patch+json, application/json") } else { (ACCEPT_POST, "application/json") };
    Err(Problem::new(Code::UnsupportedMediaType)
        .detail(format!("the body must be {accepted}"))
        .header(name, HeaderValue::from_static(accepted)))
}

/// A field that must stand there once; several lines of it could be read as either.
fn single(headers: &HeaderMap, name: HeaderName) -> &str {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().unwrap_or_default(),
        _ => "",
    }
}
