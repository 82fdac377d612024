//! CloudEvents 1.0 as this service speaks it: one envelope for every message, decoded from both HTTP modes and from AMQP.
//!
//! We always write structured mode (`application/cloudevents+json`), because the outbox stores final bytes. What the
//! data of a type means lives with its readers, not here. Nothing here does IO.

mod binary;
mod structured;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::messages::size::EVENT_BYTES_MAX;

/// The content type of a structured-mode event.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The largest event, in bytes; a larger one is refused as [`DecodeError::Oversized`] (CloudEvents §"Size Limits").
pub const MAX_EVENT_LEN: usize = EVENT_BYTES_MAX;

/// The longest `id`, in bytes; a longer one is refused. It is what AMQP's `message_id` can hold, and every message that the event
/// causes repeats it.
pub const MAX_ID_LEN: usize = 255;

/// The longest extension name, in characters; a longer one is refused.
pub const MAX_EXTENSION_NAME_LEN: usize = 20;

/// The longest of the attributes that every event has, in bytes: a longer one is refused. `source` and `id` are in keys of tables.
pub const MAX_REQUIRED_LEN: usize = 1_024;

/// The type of data we write and accept.
const DATA_CONTENT_TYPE: &str = "application/json";

/// One event. Decoding guarantees a versioned `type` and attributes that CloudEvents allows; whoever builds one by hand
/// keeps to the same rules, because a reader will refuse what does not.
#[derive(Debug, Clone)]
pub struct CloudEvent {
    /// Unique within `source`: what consumers deduplicate by.
    pub id: String,
    /// A URI reference that says who produced it, such as `/payments`.
    pub source: String,
    /// What happened, with the version of its data: `order.created.v1`.
    pub r#type: String,
    /// The order it is about: `ord_…`.
    pub subject: Option<String>,
    /// When it happened, RFC 3339.
    pub time: Option<String>,
    /// The tenant it belongs to: `ten_…`. It counts only as far as the sender is trusted.
    pub tenantid: Option<String>,
    /// Every other attribute, `dataschema` and unknown ones included: strings, booleans and integers.
    pub extensions: BTreeMap<String, Value>,
    /// The data as the JSON it came as; `null` when the event has none.
    pub data: Box<RawValue>,
}

/// Why bytes are no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The event is larger than [`MAX_EVENT_LEN`].
    #[error("the event has {length} bytes; at most {MAX_EVENT_LEN} are accepted")]
    Oversized {
        /// Its length in bytes.
        length: usize,
    },
    /// The bytes are not one JSON object, or name a member twice.
    #[error("the event is malformed: {0}")]
    Malformed(#[source] serde_json::Error),
    /// A required attribute is absent.
    #[error("the attribute `{0}` is absent")]
    MissingAttribute(&'static str),
    /// The event is of another CloudEvents version.
    #[error("the CloudEvents version is {0}, not 1.0")]
    UnsupportedVersion(String),
    /// An attribute has a name or a value that CloudEvents or this service does not allow.
    #[error("the attribute `{name}` is refused: {why}")]
    InvalidAttribute {
        /// Its name as it came.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// `type` does not end in a version: `.v1` to `.v65535`.
    #[error("the type `{0}` does not end in a version such as `.v1`")]
    UnversionedType(String),
}

impl CloudEvent {
    /// Reads a structured-mode event. Unknown attributes are kept as extensions; `null` counts as absent.
    ///
    /// # Errors
    /// Any [`DecodeError`]; the first fault decides.
    pub fn decode_structured(bytes: &[u8]) -> Result<Self, DecodeError> {
        structured::decode(bytes)
    }

    /// Reads a binary-mode event: attributes from `ce-*` fields (percent-decoded), data from the body.
    ///
    /// # Errors
    /// Any [`DecodeError`]; the first fault decides.
    pub fn decode_binary(headers: &http::HeaderMap, body: &[u8]) -> Result<Self, DecodeError> {
        binary::decode(headers, body)
    }

    /// A binary-mode event that cannot be decoded as one JSON object, for keeping it: what came and no more.
    #[must_use]
    pub fn gather_binary(headers: &http::HeaderMap, body: &[u8]) -> Vec<u8> {
        binary::gather(headers, body)
    }

    /// Reads an event from an HTTP request, in the mode its `Content-Type` says.
    ///
    /// # Errors
    /// Any [`DecodeError`]; the first fault decides.
    pub fn decode_http(headers: &http::HeaderMap, body: &[u8]) -> Result<Self, DecodeError> {
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media_type(content_type).eq_ignore_ascii_case(CONTENT_TYPE) {
            return Self::decode_structured(body);
        }
        Self::decode_binary(headers, body)
    }

    /// The final bytes of the event in structured mode: the same event always gives the same bytes.
    #[must_use]
    pub fn encode_structured(&self) -> Vec<u8> {
        structured::encode(self)
    }

    /// The type without its version, which is what queues bind: `order.created`.
    #[must_use]
    pub fn routing_key(&self) -> &str {
        split_type(&self.r#type).map_or(&self.r#type, |(name, _)| name)
    }

    /// The version of the data: 1 for `order.created.v1`.
    #[must_use]
    pub fn type_version(&self) -> u16 {
        split_type(&self.r#type).map_or(0, |(_, version)| version)
    }

    /// The data as `T`; members that `T` does not know are ignored.
    ///
    /// # Errors
    /// What serde says when the data does not fit `T`.
    pub fn data_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data.get())
    }

    /// An extension as text.
    #[must_use]
    pub fn extension_text(&self, name: &str) -> Option<&str> {
        self.extensions.get(name).and_then(Value::as_str)
    }

    /// An extension as a whole number; binary mode carries numbers as text, so both spellings count.
    #[must_use]
    pub fn extension_integer(&self, name: &str) -> Option<i64> {
        let value = self.extensions.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }
}

/// The attributes gathered so far, in either mode; `finish` turns them into an event.
#[derive(Default)]
struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    /// Takes one attribute; `null` counts as absent (JSON format §2.2).
    fn insert(&mut self, name: String, value: Value) -> Result<(), DecodeError> {
        let refuse = |why| Err(DecodeError::InvalidAttribute { name: name.clone(), why });
        match &value {
            Value::Null => return Ok(()),
            // CloudEvents 1.0, "Type System"; and PostgreSQL keeps no NUL.
            Value::String(text) if text.chars().any(char::is_control) => return refuse("it has control characters"),
            Value::String(_) | Value::Bool(_) => {}
            Value::Number(number) if number.is_i64() => {}
            _ => return refuse("it is neither a string nor a boolean nor an integer"),
        }
        if !is_attribute_name(&name) {
            return refuse("its name is not 1 to 20 of a-z and 0-9");
        }
        // The data's own name (CloudEvents 1.0, "Naming conventions"): written again in structured mode, it would stand there twice.
        if name == "data" {
            return refuse("no attribute may be called so");
        }
        if self.0.contains_key(&name) {
            return refuse("it occurs twice");
        }
        self.0.insert(name, value);
        Ok(())
    }

    fn finish(mut self, data: Box<RawValue>) -> Result<CloudEvent, DecodeError> {
        let version = self.required("specversion")?;
        if version != "1.0" {
            return Err(DecodeError::UnsupportedVersion(version));
        }
        if let Some(content_type) = self.optional("datacontenttype")?
            && !is_json(&content_type)
        {
            return Err(DecodeError::InvalidAttribute { name: "datacontenttype".into(), why: "only JSON data is accepted" });
        }
        let r#type = self.required("type")?;
        if split_type(&r#type).is_none() {
            return Err(DecodeError::UnversionedType(r#type));
        }
        let id = self.required("id")?;
        if id.len() > MAX_ID_LEN || id.chars().any(char::is_control) {
            return Err(DecodeError::InvalidAttribute { name: "id".into(), why: "it has more than 255 bytes or a control character" });
        }
        Ok(CloudEvent {
            r#type,
            id,
            source: self.required("source")?,
            subject: self.optional("subject")?,
            time: self.optional("time")?,
            tenantid: self.optional("tenantid")?,
            extensions: self.0,
            data,
        })
    }

    fn required(&mut self, name: &'static str) -> Result<String, DecodeError> {
        let text = self.optional(name)?.ok_or(DecodeError::MissingAttribute(name))?;
        if text.len() > MAX_REQUIRED_LEN {
            return Err(DecodeError::InvalidAttribute { name: name.into(), why: "it has more than 1,024 bytes" });
        }
        Ok(text)
    }

    fn optional(&mut self, name: &'static str) -> Result<Option<String>, DecodeError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(DecodeError::InvalidAttribute { name: name.into(), why: "it is not a string with content" }),
        }
    }
}

/// Whether a name is one that every transport carries: lower-case letters and digits (CloudEvents §"Naming Conventions").
fn is_attribute_name(name: &str) -> bool {
    (1..=MAX_EXTENSION_NAME_LEN).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `order.created.v1` as `("order.created", 1)`.
fn split_type(r#type: &str) -> Option<(&str, u16)> {
    let (name, digits) = r#type.rsplit_once(".v")?;
    let canonical = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let version = digits.parse().ok().filter(|_| canonical)?;
    (!name.is_empty()).then_some((name, version))
}

fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn is_json(content_type: &str) -> bool {
    let media_type = media_type(content_type).to_ascii_lowercase();
    media_type == DATA_CONTENT_TYPE || media_type.ends_with("+json")
}

fn check_len(length: usize) -> Result<(), DecodeError> {
    if length > MAX_EVENT_LEN { Err(DecodeError::Oversized { length }) } else { Ok(()) }
}
