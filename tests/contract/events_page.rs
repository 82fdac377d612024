//! Every example of docs/events.md is what its schema says, and every message has one.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::{domain::messages::MessageType, messaging::asyncapi};
use tests::check_message;

const PAGE: &str = include_str!("../../docs/events.md");

/// The examples that stand before the first section of a message: a whole event of ours, then, further down, one of a partner's.
fn whole_events() -> Vec<Value> {
    let whole = PAGE.split("\n## ").filter(|part| part.starts_with("The envelope") || part.starts_with("What we take"));
    whole.map(|part| example(part).unwrap()).collect()
}

/// The example of each message, by its type; nothing where the page shows none.
fn examples() -> BTreeMap<&'static str, Option<Value>> {
    let sections = PAGE.split("\n### `").skip(1);
    let mut found = BTreeMap::new();
    for section in sections {
        let (r#type, rest) = section.split_once('`').unwrap();
        let own = rest.split("\n## ").next().unwrap();
        assert!(found.insert(r#type, example(own)).is_none(), "{type} stands there twice");
    }
    found
}

/// The first JSON of a part of the page.
fn example(part: &str) -> Option<Value> {
    let (_, rest) = part.split_once("\n```json\n")?;
    let (text, _) = rest.split_once("\n```").unwrap();
    Some(serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

#[test]
fn the_whole_events_of_the_page_are_what_their_schemas_say() {
    let whole = whole_events();
    assert_eq!(whole.len(), 2);
    for event in whole {
        assert_eq!(check_message(&event), Vec::<String>::new());
    }
}

#[test]
fn every_message_has_an_example_that_is_what_its_schema_says() {
    let document = asyncapi::document(&standalone::functions::all().consumers).unwrap();
    let examples = examples();
    assert_eq!(asyncapi::types(&document).collect::<Vec<_>>(), examples.keys().copied().collect::<Vec<_>>(), "on the right the page's");
    let [ours, theirs] = <[Value; 2]>::try_from(whole_events()).unwrap();
    for (r#type, data) in examples {
        let kind = r#type.parse::<MessageType>().ok();
        let mut event = if kind.is_some() { ours.clone() } else { theirs.clone() };
        let order = event["data"]["order"].take();
        event["type"] = r#type.into();
        event["data"] = data.unwrap_or_else(|| Value::Object(Default::default()));
        match kind {
            Some(kind) if kind.is_event() => event["data"]["order"] = order,
            Some(_) => drop(event.as_object_mut().unwrap().remove("sequence")),
            None => event["source"] = source(&document, r#type),
        }
        assert_eq!(check_message(&event), Vec::<String>::new(), "{type}");
    }
}

/// The first source from which a type is believed.
fn source(document: &Value, r#type: &str) -> Value {
    document["components"]["schemas"][r#type]["properties"]["source"]["enum"][0].clone()
}
