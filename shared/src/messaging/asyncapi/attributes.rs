//! The envelope: the attributes of what is published and of what is taken.

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    cloudevents::MAX_ID_LEN,
    domain::{
        ids::{EventId, OrderId, TenantId},
        timestamp::Timestamp,
    },
};

/// The attributes of an event.
pub(super) const EVENT: &str = "EventAttributes";
/// The attributes of a command.
pub(super) const COMMAND: &str = "CommandAttributes";
/// The attributes of what partners send.
pub(super) const PARTNER: &str = "PartnerAttributes";

/// The schemas of the three.
pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![(EVENT.to_owned(), event()), (COMMAND.to_owned(), object(ours())), (PARTNER.to_owned(), partner())]
}

fn event() -> Value {
    let mut members = ours();
    let about = "The place of the event among those of its order: dense, from 1. A gap is an event that has not arrived yet.";
    members.push(("sequence", true, json!({"type": "integer", "minimum": 1, "description": about})));
    object(members)
}

/// Attributes of everything that we publish: name, whether it is always there, schema.
fn ours() -> Vec<(&'static str, bool, Value)> {
    let text = |about: &str| json!({"type": "string", "minLength": 1, "description": about});
    vec![
        ("specversion", true, json!({"const": "1.0"})),
        ("id", true, of::<EventId>("Names the event within its source, at each delivery alike.")),
        ("source", true, json!({"const": "/order-service"})),
        ("subject", true, of::<OrderId>("The order.")),
        ("time", true, of::<Timestamp>("When it happened.")),
        ("tenantid", true, of::<TenantId>("Whose order it is.")),
        ("datacontenttype", true, json!({"const": "application/json"})),
        ("orderversion", true, json!({"type": "integer", "minimum": 1, "description": "The version of the order that it speaks of."})),
        ("partitionkey", true, of::<OrderId>("The order: what must stay in order together.")),
        ("correlationid", true, text("Joins everything that one request caused: the request's `X-Request-Id`, or the partner's own.")),
        ("causationid", false, text("The `id` of the message that caused it; absent when a request or a deadline did.")),
        ("traceparent", false, text("W3C Trace Context of the cause.")),
    ]
}

fn partner() -> Value {
    let text = |about: &str| json!({"type": "string", "minLength": 1, "description": about});
    let id = json!({
        "type": "string", "minLength": 1, "maxLength": MAX_ID_LEN,
        "description": format!("Names the event within its source, at most {MAX_ID_LEN} bytes. The same at each repetition, and never used for other news."),
    });
    object(vec![
        ("specversion", true, json!({"const": "1.0"})),
        ("id", true, id),
        ("subject", true, of::<OrderId>("The order, as the command named it.")),
        ("tenantid", true, of::<TenantId>("Whose order it is, as the command named it.")),
        ("time", false, of::<Timestamp>("When it happened.")),
        ("datacontenttype", false, json!({"type": "string", "description": "JSON, if it is said."})),
        ("correlationid", false, text("As the command had it; what the event causes carries it on.")),
        ("causationid", false, text("The `id` of the command.")),
        ("traceparent", false, text("W3C Trace Context, carried on.")),
    ])
}

fn object(members: Vec<(&str, bool, Value)>) -> Value {
    let required: Vec<_> = members.iter().filter(|(_, always, _)| *always).map(|(name, ..)| *name).collect();
    let properties: Map<String, Value> = members.iter().map(|(name, _, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

/// A type's own schema, with what it means as this attribute.
fn of<T: ToSchema>(about: &str) -> Value {
    // A schema always serialises.
    let mut schema = serde_json::to_value(<T as PartialSchema>::schema()).unwrap_or_default();
    schema["description"] = about.into();
    schema
}
