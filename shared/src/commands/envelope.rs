//! From a message that the domain decided to the final bytes that the outbox stores: one structured-mode CloudEvent.

use std::collections::BTreeMap;

use serde_json::{Value, value::to_raw_value};

use super::Origin;
use crate::{
    cloudevents::CloudEvent,
    domain::{messages::Message, timestamp::Timestamp},
};

/// CloudEvents `source` of everything that this service says.
const SOURCE: &str = "/order-service";

/// Encodes messages, in their order.
pub(super) fn encode(messages: &[Message], origin: &Origin, now: Timestamp) -> Vec<Vec<u8>> {
    messages.iter().map(|message| event(message, origin, now).encode_structured()).collect()
}

fn event(message: &Message, origin: &Origin, now: Timestamp) -> CloudEvent {
    let order = message.order.to_string();
    let mut extensions = BTreeMap::from([
        ("orderversion".to_owned(), Value::from(message.order_version)),
        ("partitionkey".to_owned(), Value::from(order.as_str())),
        ("correlationid".to_owned(), Value::from(origin.correlation_id.as_str())),
    ]);
    let optional = [
        ("sequence", message.sequence.map(Value::from)),
        ("causationid", origin.causation_id.as_deref().map(Value::from)),
        ("traceparent", origin.traceparent.as_deref().map(Value::from)),
    ];
    extensions.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    CloudEvent {
        id: message.id.to_string(),
        source: SOURCE.to_owned(),
        r#type: message.kind.as_str().to_owned(),
        subject: Some(order),
        time: Some(now.to_string()),
        tenantid: Some(origin.tenant.to_string()),
        extensions,
        // A JSON value always serialises.
        data: to_raw_value(&message.data).unwrap_or_default(),
    }
}
