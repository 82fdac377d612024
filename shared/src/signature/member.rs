//! Reads the one member of `Signature-Input` that belongs to this profile, keeping its bytes as they came.
//!
//! The last line of a signature base repeats the member's value. Senders differ in the order and spelling of parameters,
//! so the received bytes are kept beside the parsed value instead of being written out again.

use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};

use super::base::{Refusal, malformed};
use super::{MAX_COMPONENTS, MAX_FIELD_LEN, MAX_KEY_ID_LEN, MAX_NONCE_LEN, MIN_NONCE_LEN, PROFILE_TAG};

/// The algorithm that `alg` may name; the key decides it in any case.
const ALGORITHM: &str = "hmac-sha256";

/// The member tagged `orders-v1`: what it covers and what it says about itself.
pub(super) struct Member<'a> {
    /// The label, which finds the MAC in `Signature`.
    pub label: &'a str,
    /// Everything after `label=`, byte for byte.
    pub raw_value: &'a str,
    /// The covered components, in the order they are signed.
    pub components: Vec<String>,
    pub key_id: String,
    pub nonce: String,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// Seconds since the Unix epoch.
    pub expires: Option<i64>,
}

/// Finds the one member tagged for this profile and reads it; members of other profiles only have to be well formed.
pub(super) fn read(field: &str) -> Result<Member<'_>, Refusal> {
    if field.len() > MAX_FIELD_LEN {
        return Err(malformed(format!("`Signature-Input` is longer than {MAX_FIELD_LEN} bytes")));
    }
    let mut found: Option<(&str, &str, InnerList)> = None;
    let mut labels = Vec::new();
    for member in split(field) {
        let (label, raw_value) =
            member.split_once('=').ok_or_else(|| malformed("a member of `Signature-Input` is not of the form label=(…)"))?;
        let list = parse_inner_list(member)?;
        if labels.contains(&label) {
            return Err(malformed(format!("`Signature-Input` uses the label `{label}` twice")));
        }
        labels.push(label);
        let tagged = list.params.get("tag").and_then(BareItem::as_string);
        if tagged.is_some_and(|tag| tag.as_str() == PROFILE_TAG) && found.replace((label, raw_value, list)).is_some() {
            return Err(malformed(format!("more than one member of `Signature-Input` is tagged `{PROFILE_TAG}`")));
        }
    }
    let (label, raw_value, list) =
        found.ok_or_else(|| malformed(format!("no member of `Signature-Input` has the parameter tag=\"{PROFILE_TAG}\"")))?;
    interpret(label, raw_value, &list)
}

/// Splits a dictionary at the commas outside of strings, without allocating; the parser judges each piece afterwards.
fn split(field: &str) -> impl Iterator<Item = &str> {
    let (mut in_string, mut escaped) = (false, false);
    field
        .split(move |c: char| {
            match c {
                _ if escaped => escaped = false,
                '\\' if in_string => escaped = true,
                '"' => in_string = !in_string,
                ',' if !in_string => return true,
                _ => {}
            }
            false
        })
        .map(|piece| piece.trim_matches([' ', '\t']))
}

fn parse_inner_list(member: &str) -> Result<InnerList, Refusal> {
    let dictionary: Dictionary =
        Parser::new(member).parse().map_err(|error| malformed(format!("`Signature-Input` is not a structured field: {error}")))?;
    let mut members = dictionary.into_values();
    match (members.next(), members.next()) {
        (Some(ListEntry::InnerList(list)), None) => Ok(list),
        _ => Err(malformed("a member of `Signature-Input` is not a list of components")),
    }
}

fn interpret<'a>(label: &'a str, raw_value: &'a str, list: &InnerList) -> Result<Member<'a>, Refusal> {
    if let Some(algorithm) = list.params.get("alg")
        && algorithm.as_string().is_none_or(|name| name.as_str() != ALGORITHM)
    {
        return Err(malformed(format!("the parameter `alg` must be \"{ALGORITHM}\"")));
    }
    let created = integer_parameter(list, "created")?.ok_or_else(|| malformed("the parameter `created` is absent"))?;
    Ok(Member {
        label,
        raw_value,
        components: components(list)?,
        key_id: text_parameter(list, "keyid", 1..=MAX_KEY_ID_LEN)?,
        nonce: text_parameter(list, "nonce", MIN_NONCE_LEN..=MAX_NONCE_LEN)?,
        created,
        expires: integer_parameter(list, "expires")?,
    })
}

fn components(list: &InnerList) -> Result<Vec<String>, Refusal> {
    if list.items.len() > MAX_COMPONENTS {
        return Err(malformed(format!("more than {MAX_COMPONENTS} components are covered")));
    }
    let mut names: Vec<String> = Vec::with_capacity(list.items.len());
    for item in &list.items {
        let name = item.bare_item.as_string().ok_or_else(|| malformed("a covered component is not a string"))?.as_str();
        if let Some((parameter, _)) = item.params.first() {
            return Err(malformed(format!("`{name}` has the parameter `{parameter}`; this profile has no component parameters")));
        }
        if name.is_empty() || name.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii_graphic() || byte == b'"') {
            return Err(malformed("a covered component is not a lower-case field name"));
        }
        if names.iter().any(|seen| seen == name) {
            return Err(malformed(format!("`{name}` is covered twice")));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn integer_parameter(list: &InnerList, name: &'static str) -> Result<Option<i64>, Refusal> {
    match list.params.get(name) {
        None => Ok(None),
        Some(BareItem::Integer(value)) => Ok(Some((*value).into())),
        Some(_) => Err(malformed(format!("the parameter `{name}` is not an integer of seconds"))),
    }
}

fn text_parameter(list: &InnerList, name: &'static str, lengths: std::ops::RangeInclusive<usize>) -> Result<String, Refusal> {
    let item = list.params.get(name).ok_or_else(|| malformed(format!("the parameter `{name}` is absent")))?;
    let text = item.as_string().ok_or_else(|| malformed(format!("the parameter `{name}` is not a string")))?.as_str();
    if !lengths.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed(format!("the parameter `{name}` is not {} to {} visible ASCII characters", lengths.start(), lengths.end())));
    }
    Ok(text.to_owned())
}
