//! The AsyncAPI 3.0 document and the JSON Schemas of every message that goes out and comes in, read by partners of any language.
//!
//! In reading order: [`document`] collects; `channels` are exchanges and queues with what is sent and received there; `messages` are the
//! messages and their schemas; `attributes` is the envelope. As with OpenAPI, the frame is JSON as it stands in the document, and what
//! is inside it comes from the catalog, the topology and the types that parse and render.

mod attributes;
mod channels;
mod messages;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::ConsumerFunction;
use crate::{cloudevents, domain::schema::Shapes};

/// Where the document keeps its schemas.
const SCHEMAS: &str = "#/components/schemas/";

/// The document of everything that is published and that these functions consume.
///
/// # Errors
/// Everything that keeps it from being one, a sentence each: a function that does not say what it takes, a name that means two types.
pub fn document(consumers: &[ConsumerFunction]) -> Result<Value, Vec<String>> {
    let mut shapes = Shapes::default();
    let (messages, mut schemas, mut errors) = messages::all(consumers, &mut shapes);
    schemas.extend(attributes::schemas());
    let (mut schemas, clashes) = shapes.finish(schemas.iter().map(|(name, schema)| (name.as_str(), schema.clone())).collect());
    errors.extend(clashes);
    if !errors.is_empty() {
        return Err(errors);
    }
    schemas.values_mut().for_each(open);
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "order-service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": include_str!("description.md"),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": cloudevents::CONTENT_TYPE,
        "servers": {"rabbitmq": {
            "host": "rabbitmq:5672", "protocol": "amqp", "protocolVersion": "0.9.1",
            "description": "The broker that the service is given as `AMQP_URL`.",
        }},
        "channels": channels::channels(consumers),
        "operations": channels::operations(consumers),
        "components": {"messages": messages, "schemas": schemas},
    }))
}

/// Takes back that a type of requests has no other members: in messages they may be added, and readers let pass what they do not know.
fn open(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| !(name == "additionalProperties" && *value == Value::Bool(false)));
            members.values_mut().for_each(open);
        }
        Value::Array(items) => items.iter_mut().for_each(open),
        _ => {}
    }
}

/// Every message type of a document.
pub fn types(document: &Value) -> impl Iterator<Item = &str> {
    document["components"]["messages"].as_object().into_iter().flat_map(|messages| messages.keys().map(String::as_str))
}

/// The JSON Schema (2020-12) of the whole event of a type, in structured mode, as a file of its own; `None` for a type that is not in the
/// document.
#[must_use]
pub fn schema(document: &Value, r#type: &str) -> Option<Value> {
    document["components"]["messages"].get(r#type)?;
    let schemas = &document["components"]["schemas"];
    let mut used = BTreeSet::new();
    collect(schemas, schemas.get(r#type)?, &mut used);
    let definitions: Map<String, Value> = used.iter().map(|name| ((*name).to_owned(), relocated(&schemas[name]))).collect();
    let mut schema = relocated(schemas.get(r#type)?);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["$id"] = format!("urn:order-service:{type}").into();
    schema["$defs"] = definitions.into();
    Some(schema)
}

/// Adds the names of all schemas that a schema refers to, however far.
fn collect<'a>(schemas: &'a Value, schema: &'a Value, used: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix(SCHEMAS));
            if let Some(name) = name.filter(|name| used.insert(name)) {
                collect(schemas, &schemas[name], used);
            }
            members.values().for_each(|member| collect(schemas, member, used));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(schemas, item, used)),
        _ => {}
    }
}

/// A schema whose references lead to its own definitions.
fn relocated(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), relocated(member))).collect(),
        Value::Array(items) => items.iter().map(relocated).collect(),
        Value::String(text) => text.strip_prefix(SCHEMAS).map_or_else(|| schema.clone(), |name| format!("#/$defs/{name}").into()),
        other => other.clone(),
    }
}
