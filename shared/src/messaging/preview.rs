//! The masked preview of a dead letter: the shape of a message without any of its values.

use serde_json::{Map, Value, json};

/// Bytes of keys and masks in a preview; what lies beyond is left out and replaced by [`CUT`].
const MAX_BYTES: usize = 4 * 1024;
/// Stands for what was left out.
const CUT: &str = "…";

/// The message with every leaf replaced by the name of its type; for what is not JSON, only its length.
pub(super) fn masked(body: &[u8]) -> Value {
    match serde_json::from_slice(body) {
        Ok(value) => mask(&value, &mut MAX_BYTES.clone()),
        Err(_) => json!({ "not_json": true, "bytes": body.len() }),
    }
}

fn mask(value: &Value, left: &mut usize) -> Value {
    match value {
        Value::Null => leaf("null", left),
        Value::Bool(_) => leaf("boolean", left),
        Value::Number(_) => leaf("number", left),
        Value::String(_) => leaf("string", left),
        Value::Array(items) => {
            let mut masked = Vec::new();
            for item in items {
                if !spend(1, left) {
                    masked.push(Value::from(CUT));
                    break;
                }
                masked.push(mask(item, left));
            }
            Value::Array(masked)
        }
        Value::Object(members) => {
            let mut masked = Map::new();
            for (name, value) in members {
                let name = shown(name);
                // Quotes, colon and comma count, too.
                if !spend(name.len() + 4, left) {
                    masked.insert(CUT.into(), Value::from(CUT));
                    break;
                }
                masked.insert(name, mask(value, left));
            }
            Value::Object(masked)
        }
    }
}

/// A member's name as PostgreSQL keeps it: JSON may spell control characters, and its `jsonb` takes no NUL.
fn shown(name: &str) -> String {
    name.chars().map(|character| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }).collect()
}

fn leaf(kind: &'static str, left: &mut usize) -> Value {
    Value::from(if spend(kind.len() + 2, left) { kind } else { CUT })
}

/// Takes `bytes` of what is left, or nothing when they do not fit.
fn spend(bytes: usize, left: &mut usize) -> bool {
    match left.checked_sub(bytes) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_masked_and_every_name_kept() {
        let body = br#"{"id":"evt_1","data":{"email":"kim@example.com","amount":3490,"live":true,"note":null,"tags":["a"]}}"#;
        let expected = json!({
            "id": "string",
            "data": {"email": "string", "amount": "number", "live": "boolean", "note": "null", "tags": ["string"]},
        });
        assert_eq!(masked(body), expected);
    }

    #[test]
    fn what_is_not_json_shows_only_its_length() {
        assert_eq!(masked(b"kim@example.com"), json!({"not_json": true, "bytes": 15}));
    }

    #[test]
    fn a_name_is_shown_without_its_control_characters() {
        assert_eq!(masked(br#"{"a\u0000\nb": 1}"#), json!({"a\u{fffd}\u{fffd}b": "number"}));
    }

    #[test]
    fn a_preview_is_bounded() {
        let long = serde_json::to_vec(&vec!["x"; 10_000]).unwrap();
        let preview = masked(&long);
        assert!(preview.to_string().len() <= MAX_BYTES + 16, "{}", preview.to_string().len());
        assert_eq!(preview.as_array().and_then(|items| items.last()), Some(&Value::from(CUT)));
    }
}
