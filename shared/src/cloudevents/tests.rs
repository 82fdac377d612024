//! Tests of the envelope: what is written is read again, every fault has its own error, and no bytes cause a panic.

mod fuzz;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn event() -> CloudEvent {
    CloudEvent {
        id: "evt_1".into(),
        source: "/orders".into(),
        r#type: "order.created.v1".into(),
        subject: Some("ord_1".into()),
        time: Some("2026-01-02T03:04:05Z".into()),
        tenantid: Some("ten_1".into()),
        extensions: BTreeMap::from([("orderversion".into(), json!(7)), ("causationid".into(), json!("evt_0"))]),
        data: RawValue::from_string(r#"{"total":9007199254740993, "b":1}"#.into()).unwrap(),
    }
}

const EVENT_BYTES: &str = concat!(
    r#"{"specversion":"1.0","id":"evt_1","source":"/orders","type":"order.created.v1","subject":"ord_1","#,
    r#""time":"2026-01-02T03:04:05Z","tenantid":"ten_1","causationid":"evt_0","orderversion":7,"#,
    r#""datacontenttype":"application/json","data":{"total":9007199254740993, "b":1}}"#
);

#[test]
fn the_bytes_are_final_and_stable() {
    let bytes = event().encode_structured();
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), EVENT_BYTES);
    let read = CloudEvent::decode_structured(&bytes).unwrap();
    assert_eq!(read.encode_structured(), bytes);
    assert_eq!((read.routing_key(), read.type_version()), ("order.created", 1));
    assert_eq!(read.extension_integer("orderversion"), Some(7));
}

#[test]
fn each_fault_has_its_own_error() {
    let edits = [
        (r#""id":"evt_1","#, "", "`id` is absent"),
        (r#""id":"evt_1""#, r#""id":null"#, "`id` is absent"),
        (r#""id":"evt_1""#, r#""id":"""#, "`id` is refused"),
        (r#""id":"evt_1""#, r#""id":7"#, "`id` is refused"),
        (r#""id":"evt_1""#, r#""id":"evt\u0000""#, "`id` is refused"),
        (r#""source":"/orders","#, "", "`source` is absent"),
        (r#""type":"order.created.v1","#, "", "`type` is absent"),
        (r#""specversion":"1.0","#, "", "`specversion` is absent"),
        (r#""specversion":"1.0""#, r#""specversion":"0.3""#, "version is 0.3"),
        ("order.created.v1", "order.created", "does not end in a version"),
        ("order.created.v1", "order.created.v01", "does not end in a version"),
        ("order.created.v1", "order.created.v0", "does not end in a version"),
        ("order.created.v1", "order.created.v+1", "does not end in a version"),
        ("order.created.v1", "order.created.v65536", "does not end in a version"),
        ("order.created.v1", ".v1", "does not end in a version"),
        (r#""tenantid":"#, r#""id":"evt_2","tenantid":"#, "`id` occurs twice"),
        (r#""data":"#, r#""data":1,"data":"#, "`data` occurs twice"),
        ("orderversion", "order_version", "`order_version` is refused"),
        ("orderversion", "orderversion012345678", "`orderversion012345678` is refused"),
        (r#""orderversion":7"#, r#""orderversion":7.5"#, "`orderversion` is refused"),
        (r#""orderversion":7"#, r#""orderversion":{}"#, "`orderversion` is refused"),
        ("application/json", "text/xml", "only JSON"),
        (r#""data":{"#, r#""data_base64":"","data":{"#, "only JSON"),
        (r#""b":1}}"#, r#""b":1}"#, "malformed"),
        (r#""b":1}}"#, r#""b":1}} x"#, "malformed"),
    ];
    for (from, to, expected) in edits {
        assert!(EVENT_BYTES.contains(from), "the case edits nothing: {from}");
        let error = CloudEvent::decode_structured(EVENT_BYTES.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains(expected), "{from} → {to}: {error}");
    }
    for bytes in ["", "[]", "null", "7", "\u{feff}{}"] {
        assert!(matches!(CloudEvent::decode_structured(bytes.as_bytes()), Err(DecodeError::Malformed(_))), "{bytes}");
    }
}

#[test]
fn an_event_over_the_limit_is_refused_before_it_is_read() {
    let mut bytes = EVENT_BYTES.as_bytes().to_vec();
    bytes.resize(MAX_EVENT_LEN, b' ');
    CloudEvent::decode_structured(&bytes).unwrap();
    bytes.push(b' ');
    assert!(matches!(CloudEvent::decode_structured(&bytes), Err(DecodeError::Oversized { length: 65_537 })));
}

#[test]
fn an_event_without_data_has_null_and_unknown_data_members_are_ignored() {
    #[derive(serde::Deserialize)]
    struct Known {
        b: u8,
    }
    let bare = br#"{"specversion":"1.0","id":"1","source":"/x","type":"a.v2","extra":true}"#;
    let read = CloudEvent::decode_structured(bare).unwrap();
    assert_eq!((read.data.get(), read.type_version()), ("null", 2));
    assert_eq!(read.extensions["extra"], json!(true));
    assert_eq!(event().data_as::<Known>().unwrap().b, 1);
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    fields.iter().map(field).collect()
}

const BINARY: [(&str, &str); 6] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "evt_1"),
    ("ce-source", "/caf%C3%A9"),
    ("ce-type", "order.created.v1"),
    ("ce-orderversion", "7"),
    ("content-type", "application/json; charset=utf-8"),
];

#[test]
fn binary_mode_says_the_same() {
    let read = CloudEvent::decode_http(&headers(&BINARY), b"{\"b\":1}").unwrap();
    assert_eq!((read.source.as_str(), read.data.get()), ("/café", "{\"b\":1}"));
    assert_eq!(read.extension_integer("orderversion"), Some(7));
    assert_eq!(CloudEvent::decode_binary(&headers(&BINARY), b"").unwrap().data.get(), "null");

    let structured = headers(&[("content-type", "application/cloudevents+json; charset=UTF-8")]);
    assert_eq!(CloudEvent::decode_http(&structured, EVENT_BYTES.as_bytes()).unwrap().id, "evt_1");
}

#[test]
fn binary_mode_refuses_what_structured_mode_refuses() {
    let cases = [
        (("ce-specversion", "0.3"), "version is 0.3"),
        (("ce-type", "order.created"), "does not end in a version"),
        (("ce-tenant-id", "ten_1"), "`tenant-id` is refused"),
        (("ce-subject", "%ff"), "not UTF-8"),
        (("content-type", "text/plain"), "only JSON"),
        (("ce-data", "{}"), "`data` is refused"),
        (("ce-datacontenttype", "application/json"), "occurs twice"),
    ];
    for ((name, value), expected) in cases {
        let mut fields = headers(&BINARY);
        fields.insert(name, HeaderValue::from_static(value));
        let error = CloudEvent::decode_binary(&fields, b"{}").unwrap_err();
        assert!(error.to_string().contains(expected), "{name}: {error}");
    }
    let mut twice = headers(&BINARY);
    twice.append("ce-id", HeaderValue::from_static("evt_2"));
    assert!(CloudEvent::decode_binary(&twice, b"").unwrap_err().to_string().contains("occurs twice"));
    assert!(matches!(CloudEvent::decode_binary(&headers(&BINARY), b"{"), Err(DecodeError::Malformed(_))));
}

#[test]
fn what_cannot_be_decoded_is_kept_whole() {
    let kept =
        |fields: &[(&str, &str)], body: &[u8]| serde_json::from_slice::<Value>(&CloudEvent::gather_binary(&headers(fields), body)).unwrap();
    let fields = [("ce-id", "caf%C3%A9"), ("ce-subject", "%ff"), ("content-type", "text/plain"), ("host", "x")];
    let expected = json!({ "id": "café", "subject": "%ff", "datacontenttype": "text/plain", "data": [1] });
    assert_eq!(kept(&fields, b"[1]"), expected);
    assert_eq!(kept(&[("ce-id", "1")], b"\xff"), json!({ "id": "1", "data_base64": "/w==" }));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        id in "\\PC{1,40}",
        subject in proptest::option::of("\\PC{1,40}"),
        version in 1u16..,
        text in "\\PC{0,20}",
        number: i64,
        // `x…` keeps generated names apart from those of the standard attributes.
        name in "x[a-z0-9]{0,19}",
        data in "\\PC{0,40}",
    ) {
        let extensions = BTreeMap::from([(name, json!(text)), ("sequence".into(), json!(number))]);
        let data = serde_json::value::to_raw_value(&json!({ "text": data })).unwrap();
        let written = CloudEvent { id, subject, r#type: format!("a.b.v{version}"), extensions, data, ..event() };
        let read = CloudEvent::decode_structured(&written.encode_structured()).unwrap();
        prop_assert_eq!(read.type_version(), version);
        prop_assert_eq!(&read.extensions, &written.extensions);
        prop_assert_eq!(read.encode_structured(), written.encode_structured());
    }

    #[test]
    fn no_bytes_make_it_panic(noise in proptest::collection::vec(any::<u8>(), 0..80), at: prop::sample::Index) {
        let _ = CloudEvent::decode_structured(&noise);
        let mut bytes = EVENT_BYTES.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes.splice(at..at, noise.iter().copied());
        let _ = CloudEvent::decode_structured(&bytes);
        let mut fields = headers(&BINARY);
        if let Ok(value) = HeaderValue::from_bytes(&noise) {
            fields.insert("ce-subject", value);
        }
        let _ = CloudEvent::decode_binary(&fields, &noise);
    }
}
