//! The published contract of messages, `docs/schemas`, as a partner would use it: every message that a test made the service write is held
//! against the schema of its type, and remembered, so that the whole run can tell which types no test has ever seen.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Value, json};
use url::Url;

use super::{Sql, database::finally};

/// Where an event of each type that was seen is kept, in a file of its name; `cargo xtask test` looks there when all tests have run.
const SEEN: &str = "TEST_MESSAGES_SEEN";

/// Messages of one type that a test is asked about; of more the first. A race writes many thousands of the same kind.
const EACH_MAX: u32 = 100;

/// Definitions that are parts of an envelope: beside them there is more.
const PARTS: [&str; 3] = ["EventAttributes", "CommandAttributes", "PartnerAttributes"];

/// Holds what is in the outbox of a database against the schemas: those are the bytes that are published.
///
/// # Panics
/// When a message is not as its schema says, or says more.
pub(crate) fn hold(database: Url) {
    let wrong = Arc::new(Mutex::new(Vec::new()));
    let found = Arc::clone(&wrong);
    finally(async move {
        // A row without bytes of its own sends another's again.
        let numbered =
            "SELECT body, row_number() OVER (PARTITION BY routing_key ORDER BY seq) AS number FROM outbox WHERE body IS NOT NULL";
        let query = format!("SELECT convert_from(body, 'UTF8') AS body FROM ({numbered}) o WHERE number <= {EACH_MAX}");
        let rows = Sql::new(&database).rows(&query).await;
        let mut seen = BTreeMap::new();
        for row in rows {
            let event: Value = serde_json::from_str(row["body"].as_str().unwrap_or_default()).unwrap_or_default();
            let errors = check(&event);
            lock(&found).extend(errors.into_iter().map(|error| format!("{error}\nin {event}")));
            if let Some(r#type) = event["type"].as_str() {
                seen.insert(r#type.to_owned(), event);
            }
        }
        note(&seen);
    });
    let wrong = lock(&wrong);
    assert!(wrong.is_empty(), "{} messages are not as docs/schemas says:\n{}", wrong.len(), wrong[..wrong.len().min(3)].join("\n"));
}

/// What is wrong with a whole event in structured mode; nothing, if it is as its schema says.
#[must_use]
pub fn check(event: &Value) -> Vec<String> {
    let Some(r#type) = event["type"].as_str() else { return vec!["it has no type".to_owned()] };
    let Some(validator) = validator(r#type) else { return vec![format!("docs/schemas has no {type}")] };
    validator.iter_errors(event).map(|error| format!("{type} at {}: {error}", error.instance_path())).collect()
}

/// The committed schema of a type.
#[must_use]
pub fn schema(r#type: &str) -> Option<Value> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas").join(format!("{type}.json"));
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

/// Compiled once a type: tests write thousands of messages.
fn validator(r#type: &str) -> Option<Arc<Validator>> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut compiled = lock(&COMPILED);
    if let Some(known) = compiled.get(r#type) {
        return Some(Arc::clone(known));
    }
    let mut schema = schema(r#type)?;
    close(&mut schema);
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema);
    let validator = Arc::new(validator.unwrap_or_else(|error| panic!("{type} is no JSON Schema: {error}")));
    Some(Arc::clone(compiled.entry(r#type.to_owned()).or_insert(validator)))
}

/// Readers must let members pass that they do not know; what we write ourselves is documented to the last member.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.insert("unevaluatedProperties".to_owned(), json!(false));
            }
            for (name, member) in members.iter_mut().filter(|(name, _)| !PARTS.contains(&name.as_str())) {
                if name == "properties" || name == "$defs" {
                    // Names of members and definitions are no words of JSON Schema.
                    let named = member.as_object_mut().into_iter().flatten();
                    named.filter(|(name, _)| !PARTS.contains(&name.as_str())).for_each(|(_, schema)| close(schema));
                } else {
                    close(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Without the variable nobody asks: a test that is run alone has nothing to say about the whole.
fn note(seen: &BTreeMap<String, Value>) {
    let Some(folder) = std::env::var_os(SEEN).map(PathBuf::from) else { return };
    for (r#type, event) in seen {
        // Of several tests the last counts; each of them had one to show.
        std::fs::write(folder.join(r#type), format!("{event:#}\n")).unwrap_or_else(|error| panic!("{SEEN}: {error}"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
