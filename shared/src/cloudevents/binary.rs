//! Binary mode: attributes in `ce-*` header fields, data in the body (CloudEvents HTTP binding 1.0 §3.1).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Attributes, CloudEvent, DecodeError, check_len};

/// What turns a header field into an attribute.
const PREFIX: &str = "ce-";

pub(super) fn decode(headers: &HeaderMap, body: &[u8]) -> Result<CloudEvent, DecodeError> {
    let attributes = headers.iter().filter(|(name, _)| *name == CONTENT_TYPE || name.as_str().starts_with(PREFIX));
    check_len(body.len() + attributes.map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>())?;
    let mut attributes = Attributes::default();
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        attributes.insert("datacontenttype".into(), Value::String(text("datacontenttype", content_type.as_bytes())?))?;
    }
    for field in headers.keys() {
        let Some(name) = field.as_str().strip_prefix(PREFIX) else { continue };
        let mut lines = headers.get_all(field).into_iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(DecodeError::InvalidAttribute { name: name.into(), why: "it occurs twice" });
        };
        attributes.insert(name.to_owned(), Value::String(text(name, line.as_bytes())?))?;
    }
    let data = match body {
        [] => RawValue::NULL.to_owned(),
        body => serde_json::from_slice(body).map_err(DecodeError::Malformed)?,
    };
    attributes.finish(data)
}

/// What came, as one JSON object in the shape of structured mode, however wrong it is: for keeping what cannot be decoded.
pub(super) fn gather(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut members = Map::new();
    let mut insert = |name: &str, value: &HeaderValue| {
        let lossy = || String::from_utf8_lossy(value.as_bytes()).into_owned();
        members.insert(name.to_owned(), text(name, value.as_bytes()).unwrap_or_else(|_| lossy()).into());
    };
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        insert("datacontenttype", content_type);
    }
    for (field, value) in headers {
        if let Some(name) = field.as_str().strip_prefix(PREFIX) {
            insert(name, value);
        }
    }
    match serde_json::from_slice(body) {
        Ok(data) => members.insert("data".to_owned(), data),
        Err(_) => members.insert("data_base64".to_owned(), STANDARD.encode(body).into()),
    };
    Value::Object(members).to_string().into_bytes()
}

/// Undoes the percent-encoding of a header value (§3.1.3.2); what is not an escape stands for itself.
fn text(name: &str, value: &[u8]) -> Result<String, DecodeError> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if let (Some(high), Some(low)) = (hex(*high), hex(*low)) => {
                decoded.push(high << 4 | low);
                rest = after;
            }
            _ => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(decoded).map_err(|_| DecodeError::InvalidAttribute { name: name.into(), why: "it is not UTF-8" })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
