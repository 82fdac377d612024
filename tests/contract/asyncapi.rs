//! The document of messages is AsyncAPI 3.0, is what the code says, and leaves nothing out; the schemas beside it say the same.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::{
    catalog::CONSUMERS,
    domain::messages::MessageType,
    messaging::{asyncapi, topology},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const MEND: &str = "is not as the code says; mend it with: cargo xtask sync";

fn document() -> Value {
    asyncapi::document(&standalone::functions::all().consumers).unwrap_or_else(|errors| panic!("{}", errors.join("\n")))
}

fn committed(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("{ROOT}/{file}")).unwrap()).unwrap()
}

#[test]
fn every_consumer_says_what_it_takes_and_the_document_says_it() {
    assert!(document() == committed("docs/asyncapi.json"), "docs/asyncapi.json {MEND}");
}

#[test]
fn the_document_is_asyncapi_3_0() {
    let schema: Value = serde_json::from_str(include_str!("../fixtures/asyncapi-3.0.schema.json")).unwrap();
    let validator = jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document()).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let mut without_channels = document();
    without_channels["operations"]["send-events"].as_object_mut().unwrap().remove("channel");
    assert!(!validator.is_valid(&without_channels), "the schema lets anything pass");
}

#[test]
fn there_is_a_schema_of_each_message_and_no_other() {
    let document = document();
    let files = std::fs::read_dir(format!("{ROOT}/docs/schemas")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let types: BTreeSet<_> = asyncapi::types(&document).map(|r#type| format!("{type}.json")).collect();
    assert_eq!(files.collect::<BTreeSet<_>>(), types, "docs/schemas {MEND}");
    for r#type in asyncapi::types(&document) {
        let schema = asyncapi::schema(&document, r#type).unwrap();
        assert!(schema == committed(&format!("docs/schemas/{type}.json")), "docs/schemas/{type}.json {MEND}");
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{type}: {error}"));
        jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{type}: {error}"));
    }
}

#[test]
fn everything_that_is_published_or_taken_is_described() {
    let document = document();
    let taken = CONSUMERS.iter().flat_map(|spec| spec.types.iter().copied());
    let known: BTreeSet<_> = MessageType::ALL.iter().map(|kind| kind.as_str()).chain(taken).collect();
    assert_eq!(asyncapi::types(&document).collect::<BTreeSet<_>>(), known);
    for (kind, channel) in MessageType::ALL.iter().map(|kind| (kind, &document["channels"][kind.exchange()])) {
        assert!(channel["messages"].get(kind.as_str()).is_some(), "{kind} is in no channel");
        assert!(channel["parameters"]["routing_key"]["enum"].as_array().unwrap().contains(&kind.routing_key().into()), "{kind}");
    }
    for spec in CONSUMERS.iter().filter(|spec| !spec.types.is_empty()) {
        assert_eq!(document["operations"][spec.name]["messages"].as_array().unwrap().len(), spec.types.len(), "{}", spec.name);
        for binding in spec.bindings {
            assert!(document["channels"].get(binding.exchange).is_some(), "{} is no channel", binding.exchange);
        }
    }
    let described = document["components"]["messages"].as_object().unwrap();
    assert!(described.values().all(|message| message["summary"].as_str().is_some_and(|summary| !summary.is_empty())));
}

#[test]
fn a_reader_may_meet_members_that_it_does_not_know() {
    let text = document().to_string();
    assert!(!text.contains("additionalProperties\":false") && !text.contains("unevaluatedProperties"), "a schema is closed");
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let found = document.pointer(reference.strip_prefix('#').unwrap());
                    assert!(found.is_some(), "{reference} leads nowhere");
                }
                members.values().for_each(|member| check(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| check(document, item)),
            _ => {}
        }
    }
    let document = document();
    check(&document, &document);
}

#[test]
fn the_files_of_the_topology_are_what_is_declared() {
    assert!(topology::definitions(CONSUMERS) == committed("k8s-knative/platform/rabbitmq/definitions.json"), "definitions.json {MEND}");
    let resources = std::fs::read_to_string(format!("{ROOT}/k8s-knative/platform/rabbitmq/topology.yaml")).unwrap();
    assert!(topology::manifest(CONSUMERS) == resources, "topology.yaml {MEND}");
}
