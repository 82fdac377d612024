//! The headers that change what a request may do: `Idempotency-Key`, `If-Match`, `If-None-Match`, `Dry-Run`.

use http::{
    HeaderMap,
    header::{IF_MATCH, IF_NONE_MATCH},
};

use super::{Code, Problem, reply::etag};
use crate::function::HttpSpec;

/// A longer key is refused as `malformed`, because it is stored with its effect.
pub(super) const MAX_KEY_LEN: usize = 255;

/// What the endpoint demands of the headers, checked before its handler runs.
///
/// # Errors
/// 400 `idempotency_key_required` or `malformed`; 428 `precondition_required`.
pub(super) fn demanded(spec: &HttpSpec, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    // A dry run that were carried out for want of knowing better would be the worst answer.
    if headers.contains_key("dry-run") {
        return Err(Problem::malformed("dry runs are not offered").member("parameter", "Dry-Run"));
    }
    if spec.if_match && !headers.contains_key(IF_MATCH) {
        return Err(Problem::new(Code::PreconditionRequired).detail("send If-Match with the ETag that the change is based on"));
    }
    if !spec.idempotency {
        return Ok(None);
    }
    let mut values = headers.get_all("idempotency-key").iter();
    match (values.next(), values.next()) {
        (None, _) => {
            Err(Problem::new(Code::IdempotencyKeyRequired).detail("send an Idempotency-Key that is new for every intended effect"))
        }
        (Some(value), None) => value.to_str().ok().and_then(key).map(Some).ok_or_else(bad_key),
        (Some(_), Some(_)) => Err(bad_key()),
    }
}

fn bad_key() -> Problem {
    Problem::malformed(format!("Idempotency-Key must be one value of 1 to {MAX_KEY_LEN} visible ASCII characters"))
        .member("parameter", "Idempotency-Key")
}

/// The key, bare or quoted: both name the same effect.
fn key(value: &str) -> Option<String> {
    let key = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\']))?,
        None => value,
    };
    let fits = (1..=MAX_KEY_LEN).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| key.to_owned())
}

/// The version that a change is based on; `None` for any version (`*`) and when the header is absent.
///
/// # Errors
/// 412 when the value can match no version: weak, foreign, or several tags.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Ok("*") => Ok(None),
        Ok(tag) => version(tag).map(Some).ok_or_else(no_version),
        Err(_) => Err(no_version()),
    }
}

fn no_version() -> Problem {
    Problem::new(Code::VersionMismatch).detail("If-Match names no version of this resource; send the ETag of its last answer")
}

fn version(tag: &str) -> Option<u64> {
    let version = tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok()?;
    // Only our own spelling: no sign and no leading zeros.
    (etag(version) == tag).then_some(version)
}

/// Whether the caller has this version already (RFC 9110 §13.1.2; weak comparison, any tag of the list).
pub(super) fn if_none_match(headers: &HeaderMap, version: u64) -> bool {
    let current = etag(version);
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_the_same_bare_and_quoted() {
        assert_eq!(key("5f0c"), Some("5f0c".to_owned()));
        assert_eq!(key("\"5f0c\""), Some("5f0c".to_owned()));
        assert!(key(&"k".repeat(255)).is_some());
        for bad in ["", "\"\"", "\"", "\"a", "a b", "\"a\"b\"", "\"a\\\"", "ä", &"k".repeat(256)] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }

    #[test]
    fn if_match_reads_our_own_tags_only() {
        let read = |text: &'static str| if_match(&HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static(text))]));
        assert_eq!(read("\"v12\"").unwrap(), Some(12));
        assert_eq!(read("*").unwrap(), None);
        for bad in ["v12", "W/\"v12\"", "\"12\"", "\"v012\"", "\"v+1\"", "\"v1\", \"v2\"", "\"v99999999999999999999\"", ""] {
            assert_eq!(read(bad).unwrap_err().code(), Code::VersionMismatch, "{bad}");
        }
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let has = |text: &'static str| if_none_match(&HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(text))]), 3);
        for hit in ["\"v3\"", "W/\"v3\"", "*", "\"v1\", W/\"v3\""] {
            assert!(has(hit), "{hit}");
        }
        for miss in ["\"v2\"", "v3", "\"v33\"", ""] {
            assert!(!has(miss), "{miss}");
        }
    }
}
