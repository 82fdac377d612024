//! Messages change by addition only: whoever reads or sends them by the schemas of the last release still can.
//!
//! A published member stays, and stays of its type; what we take may always be sent as it was. New members, new types and new words of a
//! list are allowed: docs/events.md asks readers to bear them.

use std::{collections::BTreeMap, fmt::Write as _, io::Write as _, process::Command};

use serde_json::{Map, Value, json};
use shared::domain::messages::MessageType;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const SCHEMAS: &str = "docs/schemas";

/// Who is bound by a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Us,
    Partners,
}

impl Writer {
    fn of(r#type: &str) -> Self {
        if r#type.parse::<MessageType>().is_ok() { Self::Us } else { Self::Partners }
    }
}

#[test]
fn messages_have_changed_by_addition_only_since_the_last_release() {
    let Some(tag) = git(&["describe", "--tags", "--abbrev=0"]) else {
        return shout("there is no git tag yet, so no release whose schemas the messages could be compared with");
    };
    let tag = tag.trim();
    let files = git(&["ls-tree", "--name-only", tag, &format!("{SCHEMAS}/")]).unwrap_or_default();
    if files.is_empty() {
        return shout(&format!("the last release, {tag}, has no {SCHEMAS} to compare the messages with"));
    }
    let mut broken = String::new();
    for file in files.lines() {
        let r#type = file.trim_start_matches(&format!("{SCHEMAS}/")).trim_end_matches(".json");
        let old: Value = serde_json::from_str(&git(&["show", &format!("{tag}:{file}")]).unwrap()).unwrap();
        let breaks = match std::fs::read_to_string(format!("{ROOT}/{file}")) {
            Ok(new) => breaks(Writer::of(r#type), &old, &serde_json::from_str(&new).unwrap()),
            Err(_) => vec!["it is gone: a type is published or taken for 90 days beside its successor".to_owned()],
        };
        breaks.iter().for_each(|one| writeln!(broken, "{type}: {one}").unwrap());
    }
    assert!(broken.is_empty(), "since {tag} these messages have changed for their readers or senders; make them a new version:\n{broken}");
}

/// Written past the capture of passing tests.
fn shout(text: &str) {
    std::io::stderr().write_all(format!("\nNOT TESTED: {text}\n").as_bytes()).unwrap();
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(["-C", ROOT]).args(arguments).output().expect("git is needed for this test");
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// What a change of a whole schema breaks.
fn breaks(writer: Writer, old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(writer, &Place { root: old, schema: old }, &Place { root: new, schema: new }, "", &mut found);
    found
}

/// A schema within its file.
struct Place<'a> {
    root: &'a Value,
    schema: &'a Value,
}

/// A schema without references and without `allOf`.
struct Flat<'a> {
    members: BTreeMap<&'a str, &'a Value>,
    required: Vec<&'a str>,
    /// `type`, `const`, `enum`, `items`, `pattern`, …
    words: Map<String, Value>,
    may_be_null: bool,
}

impl<'a> Place<'a> {
    fn at(&self, schema: &'a Value) -> Self {
        Self { root: self.root, schema }
    }

    fn flat(&self) -> Flat<'a> {
        let mut flat = Flat { members: BTreeMap::new(), required: Vec::new(), words: Map::new(), may_be_null: false };
        self.add_to(&mut flat);
        flat
    }

    fn add_to(&self, flat: &mut Flat<'a>) {
        for (word, value) in self.schema.as_object().into_iter().flatten() {
            match word.as_str() {
                "$ref" => {
                    let pointer = value.as_str().unwrap().trim_start_matches('#');
                    self.at(self.root.pointer(pointer).unwrap()).add_to(flat);
                }
                "allOf" => value.as_array().unwrap().iter().for_each(|part| self.at(part).add_to(flat)),
                "oneOf" if value.as_array().unwrap().iter().any(|one| one["type"] == "null") => {
                    flat.may_be_null = true;
                    value.as_array().unwrap().iter().filter(|one| one["type"] != "null").for_each(|one| self.at(one).add_to(flat));
                }
                "properties" => flat.members.extend(value.as_object().unwrap().iter().map(|(name, schema)| (name.as_str(), schema))),
                "required" => flat.required.extend(value.as_array().unwrap().iter().filter_map(Value::as_str)),
                "type" if value.is_array() => {
                    let (null, others): (Vec<_>, Vec<_>) = value.as_array().unwrap().iter().partition(|one| **one == "null");
                    flat.may_be_null |= !null.is_empty();
                    flat.words.insert(word.clone(), json!(others));
                }
                "type" => drop(flat.words.insert(word.clone(), json!([value]))),
                "title" | "description" | "$id" | "$schema" | "$defs" => {}
                _ => drop(flat.words.insert(word.clone(), value.clone())),
            }
        }
    }
}

fn compare(writer: Writer, old: &Place<'_>, new: &Place<'_>, at: &str, found: &mut Vec<String>) {
    let (before, after) = (old.flat(), new.flat());
    let mut note = |what: String| found.push(format!("{}: {what}", if at.is_empty() { "/" } else { at }));
    // Who reads must not get what it could not get before; who writes must not be refused what it could send before.
    let (reader, writes) = if writer == Writer::Us { (&before, &after) } else { (&after, &before) };
    if writes.may_be_null && !reader.may_be_null {
        note("null is new, or no longer taken".to_owned());
    }
    for name in reader.required.iter().filter(|name| !writes.required.contains(name)) {
        note(format!("{name} is no longer always there, or has become required"));
    }
    for word in ["type", "const", "pattern", "format"] {
        if before.words.get(word) != after.words.get(word) {
            note(format!("{word} is another"));
        }
    }
    if let (Writer::Partners, Some(known)) = (writer, after.words.get("enum").and_then(Value::as_array)) {
        let gone = before.words.get("enum").and_then(Value::as_array).is_none_or(|words| words.iter().any(|word| !known.contains(word)));
        if gone {
            note("words are no longer taken".to_owned());
        }
    }
    let both = before.members.iter().map(|(name, schema)| (name, schema, after.members.get(name)));
    let mut deeper = Vec::new();
    for (name, schema, now) in both {
        match now {
            Some(now) => deeper.push((format!("{at}/{name}"), *schema, *now)),
            None => note(format!("{name} is gone")),
        }
    }
    for (at, before, after) in deeper {
        compare(writer, &old.at(before), &new.at(after), &at, found);
    }
    if let (Some(before), Some(after)) = (item_of(old), item_of(new)) {
        compare(writer, &old.at(before), &new.at(after), &format!("{at}/*"), found);
    }
}

/// The schema of an array's items. (Arrays are never referred to by name.)
fn item_of<'a>(place: &Place<'a>) -> Option<&'a Value> {
    place.schema.get("items")
}

/// A change of a type's schema.
type Change = (&'static str, fn(&mut Value));

#[test]
fn the_comparison_knows_a_break_from_an_addition() {
    let schema = |r#type: &str| tests::message_schema(r#type).unwrap();
    let (ours, theirs) = ("order.payment_captured.v1", "payment.captured.v1");
    let changed = |r#type: &str, change: fn(&mut Value)| {
        let (old, mut new) = (schema(r#type), schema(r#type));
        change(&mut new);
        breaks(Writer::of(r#type), &old, &new)
    };
    let additions: [Change; 4] = [
        (ours, |_| {}),
        (ours, |new| new["$defs"]["OperationNews"]["properties"]["fee"] = json!({"type": "integer"})),
        (ours, |new| new["$defs"]["OperationKind"]["enum"].as_array_mut().unwrap().push("verify".into())),
        (theirs, |new| new["$defs"]["OperationReport"]["properties"]["fee"] = json!({"type": "integer"})),
    ];
    for (index, (r#type, change)) in additions.into_iter().enumerate() {
        assert_eq!(changed(r#type, change), Vec::<String>::new(), "addition {index}");
    }
    let breaking: [Change; 7] = [
        (ours, |new| drop(new["$defs"]["OrderSnapshot"]["properties"].as_object_mut().unwrap().remove("number"))),
        (ours, |new| new["$defs"]["OrderSnapshot"]["properties"]["version"]["type"] = "string".into()),
        (ours, |new| new["$defs"]["OrderSnapshot"]["required"].as_array_mut().unwrap().truncate(1)),
        (ours, |new| new["$defs"]["OrderId"]["pattern"] = "^order_".into()),
        (ours, |new| new["$defs"]["EventAttributes"]["properties"]["source"]["const"] = "/orders".into()),
        (theirs, |new| new["$defs"]["OperationReport"]["required"].as_array_mut().unwrap().push("provider_reference".into())),
        (theirs, |new| drop(new["$defs"]["OperationKind"]["enum"].as_array_mut().unwrap().pop())),
    ];
    for (index, (r#type, change)) in breaking.into_iter().enumerate() {
        assert!(!changed(r#type, change).is_empty(), "break {index} passes for an addition");
    }
}
