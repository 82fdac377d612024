//! Messages of anybody's making, in both modes: no panic, and what is read is written and read again as the same event.

use super::*;
use crate::fuzz::{changed, changes, fuzz};

const WORDS: &str = r#"{ } [ ] , : " \ \u0000 \ud83d null true 0 -1 1.5 1e999 9223372036854775808 specversion "1.0" "id": "type": .v1 .v65536 "data": "data_base64": datacontenttype application/json % %00 %C3%A4"#;

fn assert_reads_back(event: &CloudEvent) {
    let bytes = event.encode_structured();
    let again = CloudEvent::decode_structured(&bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)));
    assert_eq!(again.encode_structured(), bytes);
    assert!(event.type_version() > 0 && !event.routing_key().is_empty());
}

#[test]
fn fuzz_structured_event() {
    fuzz(changes(), |changes| {
        let bytes = changed(EVENT_BYTES.as_bytes(), &changes, WORDS);
        if let Ok(event) = CloudEvent::decode_structured(&bytes) {
            assert_reads_back(&event);
        }
    });
}

#[test]
fn fuzz_binary_event() {
    const FIELDS: [(&str, &str); 7] = [
        ("ce-specversion", "1.0"),
        ("ce-id", "evt_1"),
        ("ce-source", "/orders"),
        ("ce-type", "order.created.v1"),
        ("ce-subject", "ord%5F1"),
        ("ce-orderversion", "7"),
        ("content-type", "application/json"),
    ];
    let fields = proptest::collection::vec((any::<usize>(), any::<bool>(), changes()), 0..4);
    fuzz((fields, changes()), |(fields, body)| {
        let mut headers: HeaderMap =
            FIELDS.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        for (which, is_name, changes) in fields {
            let (name, value) = FIELDS[which % FIELDS.len()];
            let (name, value) = match is_name {
                true => (changed(name.as_bytes(), &changes, WORDS), value.into()),
                false => (name.into(), changed(value.as_bytes(), &changes, WORDS)),
            };
            // A server's HTTP parser lets no other bytes through.
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&name), HeaderValue::from_bytes(&value)) {
                headers.append(name, value);
            }
        }
        let body = changed(br#"{"total":9007199254740993, "b":1}"#, &body, WORDS);
        if let Ok(event) = CloudEvent::decode_http(&headers, &body) {
            assert_reads_back(&event);
        }
    });
}
