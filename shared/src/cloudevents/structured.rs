//! Structured mode: the whole event is one JSON object (CloudEvents JSON event format 1.0).

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Attributes, CloudEvent, DATA_CONTENT_TYPE, DecodeError, check_len};

/// The members of one event in the order they came. A list, not a map: a member named twice must be seen.
struct Members(Vec<(String, Box<RawValue>)>);

pub(super) fn decode(bytes: &[u8]) -> Result<CloudEvent, DecodeError> {
    check_len(bytes.len())?;
    let members: Members = serde_json::from_slice(bytes).map_err(DecodeError::Malformed)?;
    let mut attributes = Attributes::default();
    let mut data = None;
    for (name, value) in members.0 {
        match name.as_str() {
            "data" => data = Some(value),
            "data_base64" => {
                return Err(DecodeError::InvalidAttribute { name, why: "only JSON data is accepted" });
            }
            _ => attributes.insert(name, serde_json::from_str(value.get()).map_err(DecodeError::Malformed)?)?,
        }
    }
    attributes.finish(data.unwrap_or_else(|| RawValue::NULL.to_owned()))
}

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("one event as a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members: Vec<(String, Box<RawValue>)> = Vec::with_capacity(16);
        let mut seen = std::collections::HashSet::with_capacity(16);
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("the member `{name}` occurs twice")));
            }
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

/// Required attributes first, then the optional ones, then extensions by name, the data last.
#[expect(clippy::expect_used, reason = "every member is a string, a scalar or JSON already; a Vec takes all bytes")]
pub(super) fn encode(event: &CloudEvent) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512 + event.data.get().len());
    write(event, &mut serde_json::Serializer::new(&mut bytes)).expect("an event is always valid JSON");
    bytes
}

fn write<S: Serializer>(event: &CloudEvent, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (name, value) in [("specversion", "1.0"), ("id", &event.id), ("source", &event.source), ("type", &event.r#type)] {
        map.serialize_entry(name, value)?;
    }
    for (name, value) in [("subject", &event.subject), ("time", &event.time), ("tenantid", &event.tenantid)] {
        if let Some(value) = value {
            map.serialize_entry(name, value)?;
        }
    }
    for (name, value) in event.extensions.iter().filter(|(_, value)| **value != Value::Null) {
        map.serialize_entry(name, value)?;
    }
    map.serialize_entry("datacontenttype", DATA_CONTENT_TYPE)?;
    map.serialize_entry("data", &event.data)?;
    map.end()
}
