//! The messages, and the schema of each one's whole event.

use serde_json::{Map, Value, json};

use super::{SCHEMAS, attributes};
use crate::{
    domain::{
        fulfilment::FulfillmentStage,
        messages::{Data, MessageType, OrderSnapshot},
        order::stock::StockAnswer,
        payments::news_type::PaymentNewsType,
        schema::{Shape, Shapes},
    },
    messaging::ConsumerFunction,
};

/// The messages by their types, their schemas, and what is wrong.
type All = (Map<String, Value>, Vec<(String, Value)>, Vec<String>);

/// Everything that we publish, then everything that these functions take from others.
pub(super) fn all(consumers: &[ConsumerFunction], shapes: &mut Shapes) -> All {
    let (mut messages, mut schemas, mut errors) = (Map::new(), Vec::new(), Vec::new());
    for kind in MessageType::ALL {
        let attributes = if kind.is_event() { attributes::EVENT } else { attributes::COMMAND };
        messages.insert(kind.as_str().to_owned(), message(kind.as_str()));
        schemas.push((kind.as_str().to_owned(), event(kind.as_str(), attributes, published_data(*kind, shapes), None)));
    }
    for consumer in consumers {
        let (spec, types) = (consumer.spec, foreign(consumer));
        match consumer.data {
            Some(shape) => {
                for r#type in types {
                    messages.insert(r#type.to_owned(), message(r#type));
                    let schema = event(r#type, attributes::PARTNER, shapes.reference(shape), Some(spec.sources));
                    schemas.push((r#type.to_owned(), schema));
                }
            }
            None if types.is_empty() => {}
            None => errors.push(format!(
                "{0}: does not say what it takes. Say it in functions/consumers/{0}/src/lib.rs, on the value that function() returns: .takes::<Data>()",
                spec.name
            )),
        }
    }
    (messages, schemas, errors)
}

/// The types that a consumer takes from others; what we send to ourselves is described as what we send.
fn foreign(consumer: &ConsumerFunction) -> Vec<&'static str> {
    consumer.spec.types.iter().copied().filter(|text| text.parse::<MessageType>().is_err()).collect()
}

fn message(r#type: &str) -> Value {
    json!({
        "name": r#type,
        "title": r#type,
        "summary": meaning(r#type),
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {"$ref": format!("{SCHEMAS}{type}")},
        "bindings": {"amqp": {"messageType": r#type, "bindingVersion": "0.3.0"}},
        "x-routing-key": routing_key(r#type),
    })
}

/// The whole event in structured mode.
fn event(r#type: &str, attributes: &str, data: Value, sources: Option<&[&str]>) -> Value {
    let mut required = vec!["type", "data"];
    let mut properties = json!({"type": {"const": r#type}, "data": data});
    if let Some(sources) = sources {
        required.push("source");
        properties["source"] = json!({"enum": sources, "description": "Who says it; another source is not believed."});
    }
    json!({
        "title": r#type,
        "description": meaning(r#type),
        "type": "object",
        "allOf": [{"$ref": format!("{SCHEMAS}{attributes}")}],
        "required": required,
        "properties": properties,
    })
}

/// The data of what we publish, as [`Data`] is written: the snapshot of the order, if it is an event, and the type's own members beside it.
fn published_data(kind: MessageType, shapes: &mut Shapes) -> Value {
    let own = kind.own_data().map(|shape| shapes.inline(shape)).unwrap_or_else(|| json!({"type": "object"}));
    let mut required: Vec<Value> = own["required"].as_array().cloned().unwrap_or_default();
    let mut properties = own["properties"].as_object().cloned().unwrap_or_default();
    if kind.is_event() {
        required.insert(0, Data::ORDER.into());
        properties.insert(Data::ORDER.to_owned(), shapes.reference(Shape::of::<OrderSnapshot>()));
    }
    json!({"type": "object", "required": required, "properties": properties})
}

/// What a type means: the sentence beside its name in the code.
fn meaning(r#type: &str) -> &'static str {
    let name = routing_key(r#type);
    let stage = name.strip_prefix("shipment.").unwrap_or_default();
    let lists: [(&str, &[(&str, &'static str)]); 4] = [
        (r#type, MessageType::MEANINGS),
        (r#type, StockAnswer::MEANINGS),
        (name, PaymentNewsType::MEANINGS),
        (stage, FulfillmentStage::MEANINGS),
    ];
    let found = lists.into_iter().find_map(|(text, list)| list.iter().find(|(known, _)| *known == text));
    found.map_or("The partner will not stop the fulfilment: its goods have left or are about to.", |(_, meaning)| meaning)
}

/// The AMQP routing key: the type without its version.
pub(super) fn routing_key(r#type: &str) -> &str {
    r#type.rsplit_once(".v").map_or(r#type, |(key, _)| key)
}
