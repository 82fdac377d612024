//! The event of an Amazon MQ for RabbitMQ trigger: messages by queue, unpacked leniently.
//!
//! A batch that cannot be read is redelivered for ever, so everything in it that we do not need may be null, missing or of another
//! type (the published event type fails on `priority: null`). What a message means is not decided here.
//! Shape: <https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html>.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use serde_json::Value;

use super::{
    incoming::{insert_attribute, insert_content_type},
    killed,
};

/// What `eventSource` says of such an event. Tested, because any JSON object would pass as an empty batch.
const EVENT_SOURCE: &str = "aws:rmq";

/// Not such an event: the trigger is wired wrongly, or somebody tries the function by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an Amazon MQ event for RabbitMQ: {0}")]
pub struct NotABatch(&'static str);

/// One message of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packed {
    /// Its properties as header fields, and its bytes.
    Message(HeaderMap, Vec<u8>),
    /// What came in its place, and what is wrong with it.
    Unreadable(Vec<u8>, &'static str),
}

/// The messages of a batch: those of each queue in their order.
///
/// # Errors
/// [`NotABatch`]. A message that cannot be read is no error: it is [`Packed::Unreadable`], and the rest of the batch is not held up.
pub fn unpack(event: &Value) -> Result<Vec<Packed>, NotABatch> {
    if event["eventSource"] != EVENT_SOURCE {
        return Err(NotABatch("eventSource is not aws:rmq"));
    }
    let queues = event["rmqMessagesByQueue"].as_object().ok_or(NotABatch("rmqMessagesByQueue is not an object"))?;
    Ok(queues.values().flat_map(messages).map(unpack_one).collect())
}

/// The messages of one queue; anything but an array is one thing that nobody can read.
fn messages(queue: &Value) -> &[Value] {
    queue.as_array().map_or(std::slice::from_ref(queue), Vec::as_slice)
}

fn unpack_one(message: &Value) -> Packed {
    let Some(data) = message["data"].as_str() else {
        return Packed::Unreadable(message.to_string().into_bytes(), "its data is not text");
    };
    match STANDARD.decode(data) {
        Ok(body) => Packed::Message(fields(&message["basicProperties"]), body),
        Err(_) => Packed::Unreadable(data.as_bytes().to_vec(), "its data is not base64"),
    }
}

fn fields(properties: &Value) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in properties["headers"].as_object().into_iter().flatten() {
        if let Some(text) = text(value) {
            insert_attribute(&mut fields, name, &text);
        }
    }
    killed::note_packed(&mut fields, &properties["headers"], text);
    if let Some(content_type) = properties["contentType"].as_str() {
        insert_content_type(&mut fields, content_type);
    }
    fields
}

/// A header's value: strings come as `{"bytes": […]}`, one number a byte.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Object(object) => {
            // Java's bytes are signed, so a byte above 127 may come as a negative number.
            let byte = |number: &Value| number.as_i64().and_then(|number| u8::try_from(number.rem_euclid(256)).ok());
            let bytes: Option<Vec<u8>> = object.get("bytes")?.as_array()?.iter().map(byte).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        Value::Null | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fuzz::{changed, changes, fuzz};

    fn batch(messages: &Value) -> Value {
        json!({ "eventSource": "aws:rmq", "eventSourceArn": "arn:aws:mq:…", "rmqMessagesByQueue": { "orders::/": messages } })
    }

    #[test]
    fn what_we_do_not_need_may_be_null_missing_or_of_another_type() {
        for properties in [
            json!({ "priority": null, "headers": null, "contentType": null, "timestamp": null, "deliveryMode": null, "bodySize": null }),
            json!({ "priority": "high", "headers": [1], "contentType": 7, "unknown": {} }),
            json!({ "headers": { "x-death": [{}], "ce-id": null } }),
            json!(null),
            json!("none"),
        ] {
            let event = batch(&json!([{ "basicProperties": properties, "redelivered": null, "data": "e30=" }]));
            assert_eq!(unpack(&event), Ok(vec![Packed::Message(HeaderMap::new(), b"{}".to_vec())]), "{event}");
        }
        assert_eq!(unpack(&batch(&json!([{ "data": "e30=" }]))).unwrap().len(), 1);
    }

    #[test]
    fn a_message_that_cannot_be_read_does_not_hold_up_the_rest() {
        let unpacked = unpack(&batch(&json!([{ "data": "%" }, { "data": 7 }, 7, { "data": "e30=" }]))).unwrap();
        assert_eq!(unpacked.iter().filter(|message| matches!(message, Packed::Unreadable(..))).count(), 3);
        assert!(matches!(&unpacked[3], Packed::Message(_, body) if body == b"{}"));
        assert_eq!(unpack(&batch(&json!("none"))).unwrap().len(), 1);
    }

    #[test]
    fn attributes_come_as_bytes_numbers_and_booleans() {
        let headers = json!({
            "cloudEvents:id": { "bytes": [99, 97, 102, -61, -87] },
            "cloudEvents_orderversion": 7,
            "ce-last": true,
            "x-other": { "bytes": [120] },
        });
        let event = batch(&json!([{ "basicProperties": { "headers": headers, "contentType": "application/json" }, "data": "" }]));
        let unpacked = unpack(&event).unwrap();
        let [Packed::Message(fields, _)] = &unpacked[..] else { panic!("{unpacked:?}") };
        for (name, value) in [("ce-id", "caf%C3%A9"), ("ce-orderversion", "7"), ("ce-last", "true"), ("content-type", "application/json")] {
            assert_eq!(fields[name], value);
        }
        assert_eq!(fields.len(), 4);
    }

    #[test]
    fn another_object_is_no_empty_batch() {
        for event in
            [json!({}), json!([]), json!(null), json!({ "eventSource": "aws:sqs", "Records": [] }), json!({ "eventSource": "aws:rmq" })]
        {
            assert!(unpack(&event).is_err(), "{event}");
        }
        assert_eq!(unpack(&json!({ "eventSource": "aws:rmq", "rmqMessagesByQueue": {} })), Ok(Vec::new()));
    }

    /// No panic, and nothing is lost: every item of the one queue is a message or what came in its place.
    #[test]
    fn fuzz_amazon_mq_event() {
        const EVENT: &[u8] = br#"{"eventSource": "aws:rmq", "rmqMessagesByQueue": {"orders::/": [
            {"basicProperties": {"contentType": "application/json", "priority": null, "headers": {"ce-id": {"bytes": [99, -61]}, "ce-last": true}},
             "redelivered": false, "data": "e30="}, {"data": "%"}]}}"#;
        const WORDS: &str = r#"{ } [ ] , : " \ \u0000 \ud83d null true 0 -1 -129 256 1.5 1e308 9223372036854775808 "data": "headers": "bytes": "ce-\n" "e30=""#;
        fuzz(changes(), |changes| {
            let Ok(event) = serde_json::from_slice::<Value>(&changed(EVENT, &changes, WORDS)) else { return };
            if let Ok(unpacked) = unpack(&event) {
                let items = event["rmqMessagesByQueue"].as_object().unwrap().values().map(|queue| queue.as_array().map_or(1, Vec::len));
                assert_eq!(unpacked.len(), items.sum::<usize>(), "{event}");
            }
        });
    }
}
