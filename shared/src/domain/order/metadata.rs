//! Metadata: the caller's own JSON on an order or a line. We keep it as it was sent or refuse it, and never look for meaning in it.

use serde_json::{Map, Number, Value};

use crate::domain::invalid::{FieldErrors, push_segment};

/// Members of an order's or a line's metadata; more are a 422.
pub const METADATA_KEYS_MAX: usize = 50;
/// Bytes of metadata as JSON; more are a 422.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;

/// The largest magnitude of a number: 2^53 − 1. A reader with doubles would change a larger one.
const NUMBER_MAX: f64 = 9_007_199_254_740_991.0;
/// The smallest magnitude that is not zero. PostgreSQL writes `1e-300` with three hundred digits, so that a body of one MiB
/// would come back as sixty.
const NUMBER_MIN: f64 = 1e-9;

/// Notes everything about metadata that could not be kept as it is.
pub(super) fn check_metadata(metadata: &Map<String, Value>, pointer: &str, errors: &mut FieldErrors) {
    let keys = metadata.len();
    errors.require(keys <= METADATA_KEYS_MAX, pointer, "too_many", format_args!("has {keys} members, at most {METADATA_KEYS_MAX}"));
    // A JSON object always serialises.
    let bytes = serde_json::to_string(metadata).map_or(0, |text| text.len());
    errors.require(bytes <= METADATA_BYTES_MAX, pointer, "too_large", format_args!("has {bytes} bytes, at most {METADATA_BYTES_MAX}"));
    check_members(metadata, pointer, errors);
}

fn check_members(members: &Map<String, Value>, pointer: &str, errors: &mut FieldErrors) {
    for (name, value) in members {
        let place = below(pointer, name);
        check_text(name, &place, errors);
        check_value(value, &place, errors);
    }
}

/// The body's depth is limited, and with it this recursion.
fn check_value(value: &Value, pointer: &str, errors: &mut FieldErrors) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            errors.require(is_kept(number), pointer, "out_of_range", "must be a number that JSON readers keep: 0, or 1e-9 to 2^53 - 1");
        }
        Value::String(text) => check_text(text, pointer, errors),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_value(item, &below(pointer, &index.to_string()), errors);
            }
        }
        Value::Object(members) => check_members(members, pointer, errors),
    }
}

/// NUL is the one character that PostgreSQL's jsonb cannot hold. Line ends and other control characters are the caller's own matter.
fn check_text(text: &str, pointer: &str, errors: &mut FieldErrors) {
    errors.require(!text.contains('\0'), pointer, "control_character", "must not contain U+0000");
}

fn is_kept(number: &Number) -> bool {
    number.as_f64().is_some_and(|value| value == 0.0 || (NUMBER_MIN..=NUMBER_MAX).contains(&value.abs()))
}

fn below(pointer: &str, segment: &str) -> String {
    let mut place = pointer.to_owned();
    push_segment(&mut place, segment);
    place
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors_of(metadata: &Value) -> Vec<(String, &'static str)> {
        let mut errors = FieldErrors::default();
        check_metadata(metadata.as_object().unwrap(), "/metadata", &mut errors);
        errors.into_vec().into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn what_is_kept_passes() {
        let edges = json!({ "a": 9_007_199_254_740_991_i64, "b": -9_007_199_254_740_991_i64, "c": 0.1, "d": -0.0, "e": 1e-9, "f": "a\nb", "": null });
        assert_eq!(errors_of(&edges), []);
    }

    #[test]
    fn what_would_change_is_named_by_its_place() {
        let bad = json!({ "a/b": ["\0"], "c": { "~\0": 1 }, "d": [0, 9_007_199_254_740_992_i64], "e": u64::MAX, "f": 1e-10, "g": 1e300 });
        let expected = [
            ("/metadata/a~1b/0", "control_character"),
            ("/metadata/c/~0\0", "control_character"),
            ("/metadata/d/1", "out_of_range"),
            ("/metadata/e", "out_of_range"),
            ("/metadata/f", "out_of_range"),
            ("/metadata/g", "out_of_range"),
        ];
        assert_eq!(errors_of(&bad), expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }
}
