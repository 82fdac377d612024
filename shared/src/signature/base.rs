//! What a signature covers: the components this profile requires of a request, and the signature base (RFC 9421 §2).
//!
//! Both directions build the base here, so that signing and verifying cannot drift apart. No keys and no parsing of
//! signature fields.

use std::borrow::Cow;

use http::HeaderMap;

use super::{Reason, RequestParts};

/// The derived components of this profile; every signature covers all three.
const DERIVED: [&str; 3] = ["@method", "@path", "@query"];

/// The component that binds the body; required exactly when there is one.
pub(super) const CONTENT_DIGEST: &str = "content-digest";

/// Header fields that change what a request means: whichever is present must be covered.
const BINDING_FIELDS: [&str; 4] = ["content-type", "idempotency-key", "if-match", "dry-run"];

/// A refusal before the required components are known; `verify` adds them.
pub(super) type Refusal = (Reason, String);

/// A refusal as `malformed` with `detail`.
pub(super) fn malformed(detail: impl Into<String>) -> Refusal {
    (Reason::Malformed, detail.into())
}

/// The components that a signature of this request must cover, in the order in which we cover them ourselves.
pub fn required_components(parts: &RequestParts<'_>) -> Vec<&'static str> {
    let mut required = Vec::with_capacity(DERIVED.len() + 1 + BINDING_FIELDS.len());
    required.extend(DERIVED);
    if !parts.body.is_empty() {
        required.push(CONTENT_DIGEST);
    }
    required.extend(BINDING_FIELDS.into_iter().filter(|name| parts.headers.contains_key(*name)));
    required
}

/// Appends the line `"name": value` for one component of a request.
///
/// # Errors
/// `malformed` for a derived component outside the profile and for a value that is not plain ASCII (it could not be
/// told apart from another request's); `missing-component` for a field the request does not carry.
pub(super) fn push_component(base: &mut String, name: &str, parts: &RequestParts<'_>) -> Result<(), Refusal> {
    match name {
        "@method" => push_line(base, name, "", ascii(name, parts.method)?),
        "@path" if parts.path.is_empty() => push_line(base, name, "", "/"),
        "@path" => push_line(base, name, "", ascii(name, parts.path)?),
        "@query" => push_line(base, name, "?", ascii(name, parts.query.unwrap_or_default())?),
        "@authority" | "@scheme" | "@target-uri" => {
            return Err(malformed(format!("`{name}` must not be covered: gateways rewrite it")));
        }
        derived if derived.starts_with('@') => {
            return Err(malformed(format!("`{name}` is not a component of this profile")));
        }
        field => match field_value(parts.headers, field)? {
            Some(value) => push_line(base, name, "", &value),
            None => return Err((Reason::MissingComponent, format!("`{field}` is covered, but the request has no such field"))),
        },
    }
    Ok(())
}

/// Appends the line `"name": value`, the value in two halves so that callers need not join them.
pub(super) fn push_line(base: &mut String, name: &str, prefix: &str, value: &str) {
    for part in ["\"", name, "\": ", prefix, value, "\n"] {
        base.push_str(part);
    }
}

/// Lets only text through that can neither end its line nor hide characters.
fn ascii<'a>(name: &str, value: &'a str) -> Result<&'a str, Refusal> {
    if value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(value);
    }
    Err(malformed(format!("`{name}` contains something other than visible ASCII characters")))
}

/// The last line of the base: the signature parameters, without a line end.
pub(super) fn push_parameters(base: &mut String, member_value: &str) {
    base.push_str("\"@signature-params\": ");
    base.push_str(member_value);
}

/// The value of a field as RFC 9421 §2.1 combines it: each line trimmed, several lines joined by `, `.
///
/// # Errors
/// `malformed` when a line holds anything but ASCII; header values cannot hold line ends.
pub(super) fn field_value<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
    let mut combined: Option<Cow<'a, str>> = None;
    for line in headers.get_all(name) {
        let text = line
            .to_str()
            .map_err(|_| malformed(format!("the field `{name}` contains something other than ASCII characters")))?
            .trim_matches([' ', '\t']);
        combined = Some(match combined {
            None => Cow::Borrowed(text),
            Some(before) => Cow::Owned(format!("{before}, {text}")),
        });
    }
    Ok(combined)
}
