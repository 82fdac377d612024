//! What two runs of one story say alike: ids, times and signed things are masked, and all else stays.

use serde_json::Value;

/// Digits of a UUID without its hyphens.
const UUID_DIGITS: usize = 32;
/// Members whose values are new each time, whatever they look like.
const FRESH_MEMBERS: [&str; 7] = ["number", "next_cursor", "request_id", "server_time", "at", "secret", "token"];

/// A document with everything masked that is new each time.
#[must_use]
pub fn masked(document: &Value) -> Value {
    match document {
        Value::String(text) => Value::String(masked_text(text)),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), member(name, value))).collect(),
        other => other.clone(),
    }
}

fn member(name: &str, value: &Value) -> Value {
    let fresh = (FRESH_MEMBERS.contains(&name) || name.ends_with("_at")) && value.is_string();
    if fresh { Value::String("#".to_owned()) } else { masked(value) }
}

/// A text with every id in it masked, and the cursor of a link.
#[must_use]
pub fn masked_text(text: &str) -> String {
    let (text, rest) = match text.split_once("cursor=") {
        Some((before, after)) => (before, format!("cursor=#{}", &after[after.find(['&', '>']).unwrap_or(after.len())..])),
        None => (text, String::new()),
    };
    let mut masked = String::new();
    let mut digits = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_hexdigit() || (character == '-' && !digits.is_empty()) {
            digits.push(character);
            continue;
        }
        let is_id = digits.chars().filter(|digit| *digit != '-').count() >= UUID_DIGITS;
        masked.push_str(if is_id { "#" } else { &digits });
        digits.clear();
        masked.push(character);
    }
    masked.pop();
    masked + &rest
}
