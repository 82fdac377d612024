//! Whom a message killed: what the broker wrote on a message that it gave up on, and otherwise what the message says of itself.
//!
//! The broker's word comes first, because the message is anybody's. Nothing of this decides what becomes of the message: it is filed in
//! any case, and the name is where a person looks for it and through which function it is tried again.

use http::{HeaderMap, HeaderValue};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::Value;

use crate::{catalog, cloudevents::CloudEvent, domain::dead_letter::UNKNOWN_CONSUMER, function::ConsumerSpec};

/// Where a carrier notes the queues in which a message died, newest first. No attribute of an event is called so.
const QUEUE_FIELD: &str = "x-death-queue";
/// The broker's list of deaths, newest first, one entry a queue and reason.
const DEATHS: &str = "x-death";
/// The broker's note of the first one alone, which outlives a lossy way.
const FIRST_QUEUE: &str = "x-first-death-queue";
/// Deaths that are looked at; a message that has more behind it has been through somebody else's queues.
const DEATHS_MAX: usize = 16;

/// Notes the queues that AMQP headers tell of.
pub(super) fn note_delivery(fields: &mut HeaderMap, headers: &FieldTable) {
    let headers = headers.inner();
    if let Some(AMQPValue::FieldArray(deaths)) = headers.get(DEATHS) {
        for death in deaths.as_slice().iter().take(DEATHS_MAX) {
            if let AMQPValue::FieldTable(death) = death {
                note(fields, death.inner().get("queue").and_then(amqp_text).as_deref());
            }
        }
    }
    note(fields, headers.get(FIRST_QUEUE).and_then(amqp_text).as_deref());
}

/// Notes the queues that the headers of a message in a batch of Amazon MQ tell of, where `text` reads a header's value.
pub(super) fn note_packed(fields: &mut HeaderMap, headers: &Value, text: impl Fn(&Value) -> Option<String>) {
    let deaths = headers[DEATHS].as_array();
    for death in deaths.into_iter().flatten().take(DEATHS_MAX) {
        note(fields, text(&death["queue"]).as_deref());
    }
    note(fields, text(&headers[FIRST_QUEUE]).as_deref());
}

fn note(fields: &mut HeaderMap, queue: Option<&str>) {
    if let Some(Ok(queue)) = queue.map(HeaderValue::from_str) {
        fields.append(QUEUE_FIELD, queue);
    }
}

fn amqp_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The function that died of it: the consumer of the queue in which it died last, else the only one that takes such events, else
/// [`UNKNOWN_CONSUMER`].
pub(super) fn consumer(fields: &HeaderMap, event: Option<&CloudEvent>) -> &'static str {
    let by_queue = fields.get_all(QUEUE_FIELD).iter().find_map(of_queue);
    by_queue.or_else(|| event.and_then(of_event)).map_or(UNKNOWN_CONSUMER, |spec| spec.name)
}

fn of_queue(queue: &HeaderValue) -> Option<&'static ConsumerSpec> {
    catalog::CONSUMERS.iter().copied().find(|spec| queue == spec.queue)
}

fn of_event(event: &CloudEvent) -> Option<&'static ConsumerSpec> {
    let takes = |spec: &&ConsumerSpec| spec.sources.contains(&event.source.as_str()) && spec.types.contains(&event.r#type.as_str());
    let mut consumers = catalog::CONSUMERS.iter().copied().filter(takes);
    // Two that take it leave it open which of them died.
    consumers.next().filter(|_| consumers.next().is_none())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, r#type: &str) -> CloudEvent {
        let event = json!({ "specversion": "1.0", "id": "1", "source": source, "type": r#type, "data": {} });
        CloudEvent::decode_structured(event.to_string().as_bytes()).unwrap()
    }

    fn queue(name: &str) -> AMQPValue {
        let mut death = FieldTable::default();
        death.insert("queue".into(), AMQPValue::LongString(name.into()));
        AMQPValue::FieldTable(death)
    }

    #[test]
    fn the_broker_names_the_queue_of_the_latest_death() {
        let mut headers = FieldTable::default();
        let deaths = vec![queue("somebody.elses"), queue("order-service.shipment-events"), queue("order-service.payment-events")];
        headers.insert(DEATHS.into(), AMQPValue::FieldArray(deaths.into()));
        let mut fields = HeaderMap::new();
        note_delivery(&mut fields, &headers);
        assert_eq!(consumer(&fields, Some(&event("/payments", "payment.captured.v1"))), "on-shipment-event");
    }

    #[test]
    fn amazon_mq_tells_the_same_in_json() {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let named = |headers: Value| {
            let mut fields = HeaderMap::new();
            note_packed(&mut fields, &headers, text);
            consumer(&fields, None)
        };
        assert_eq!(named(json!({ "x-death": [{ "queue": "order-service.payment-operations", "count": 10 }] })), "send-payment-operation");
        assert_eq!(named(json!({ "x-first-death-queue": "order-service.payment-events" })), "on-payment-event");
        for lost in
            [json!(null), json!({}), json!({ "x-death": "lost" }), json!({ "x-death": [7, null, { "queue": 7 }, { "queue": "\n" }] })]
        {
            assert_eq!(named(lost), UNKNOWN_CONSUMER);
        }
    }

    #[test]
    fn without_the_brokers_word_an_event_is_for_whoever_takes_such_events() {
        let named = |event: &CloudEvent| consumer(&HeaderMap::new(), Some(event));
        assert_eq!(named(&event("/inventory", "inventory.reserved.v1")), "on-inventory-event");
        assert_eq!(named(&event("/elsewhere", "inventory.reserved.v1")), UNKNOWN_CONSUMER);
        assert_eq!(consumer(&HeaderMap::new(), None), UNKNOWN_CONSUMER);
    }
}
