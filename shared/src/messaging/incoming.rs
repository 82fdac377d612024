//! What a message must be before a function sees it, and what the function sees.
//!
//! The tests here are about the envelope only; what the data means is the function's business.

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use lapin::{message::Delivery, types::AMQPValue};
use serde::de::DeserializeOwned;

use super::{killed, outcome::Rejection};
use crate::{
    cloudevents::{self, CloudEvent, DecodeError},
    commands::{Claim, Context, Origin},
    domain::{
        actor::Actor,
        dead_letter::{DeadClass, UNKNOWN_CONSUMER},
        ids::{OrderId, TenantId},
        timestamp::Timestamp,
    },
    function::ConsumerSpec,
    telemetry::traceparent::TraceParent,
};

/// How attributes are spelled as AMQP headers: the AMQP binding's two spellings, and HTTP's, which Knative uses.
const BINARY_PREFIXES: [&str; 3] = ["cloudEvents:", "cloudEvents_", "ce-"];

/// Characters of a `correlationid` that is passed on; in place of a longer one the event's own `id` is.
const CORRELATION_ID_MAX: usize = 128;

/// A message that a function may believe: a CloudEvent of a known type, from a known source, of a tenant.
pub struct Incoming {
    /// The event.
    pub event: CloudEvent,
    /// Whose it is.
    pub tenant: TenantId,
    pub(super) spec: &'static ConsumerSpec,
    pub(super) context: Context,
}

impl Incoming {
    /// The data as `T`; members that `T` does not know are ignored.
    ///
    /// # Errors
    /// [`Rejection::Dead`] as malformed.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.event.data_as().map_err(|error| Rejection::dead(DeadClass::Malformed, unfit("the data does not fit its type", &error)))
    }

    /// The order that the event is about: its `subject`.
    ///
    /// # Errors
    /// [`Rejection::Dead`] as malformed, when there is none.
    pub fn order_id(&self) -> Result<OrderId, Rejection> {
        subject_order(&self.event).ok_or_else(|| Rejection::dead(DeadClass::Malformed, "the subject names no order"))
    }

    /// The stores and keys for the command that the message leads to.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The circumstances for that command: the inbox claim makes it happen once.
    pub fn origin(&self) -> Origin {
        let text = |name| self.event.extension_text(name);
        Origin {
            tenant: self.tenant,
            actor: Actor::Function(self.spec.name),
            correlation_id: correlation_id(&self.event).to_owned(),
            causation_id: Some(self.event.id.clone()),
            traceparent: text("traceparent").and_then(TraceParent::parse).map(|parent| parent.to_string()),
            claim: Claim::Inbox { consumer: self.spec.name, source: self.event.source.clone(), message_id: self.event.id.clone() },
        }
    }
}

/// What we join by and pass on: as long as a request's id and visible ASCII like one, or the event's own id.
fn correlation_id(event: &CloudEvent) -> &str {
    let fits = |text: &&str| (1..=CORRELATION_ID_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    event.extension_text("correlationid").filter(fits).unwrap_or(&event.id)
}

/// A message as far as it could be read.
#[derive(Debug)]
pub(super) struct Message {
    /// The function that it is for, and under whose name it is kept if it takes no effect.
    pub(super) consumer: &'static str,
    /// The event, unless it is none.
    pub(super) event: Option<CloudEvent>,
    /// The tenant it names, if it names one in the right form.
    pub(super) tenant: Option<TenantId>,
    /// Structured-mode bytes where it could be read, otherwise what came.
    pub(super) body: Vec<u8>,
    /// Why it may not be believed.
    pub(super) fault: Option<Rejection>,
}

impl Message {
    /// Reads header fields and a body, in structured or binary mode. Never fails: a fault is part of the result.
    pub(super) fn read(fields: &HeaderMap, body: Vec<u8>, spec: &ConsumerSpec) -> Self {
        let message = Self::decode(fields, body, spec.name);
        let fault = message.event.as_ref().and_then(|event| distrust(event, message.tenant, spec));
        Self { fault: message.fault.or(fault), ..message }
    }

    /// Reads a message that the broker gave up on. It is believed whatever it is, and filed under the consumer that it killed.
    pub(super) fn of_killer(fields: &HeaderMap, body: Vec<u8>) -> Self {
        let message = Self::decode(fields, body, UNKNOWN_CONSUMER);
        let consumer = killed::consumer(fields, message.event.as_ref());
        let fault = Rejection::dead(DeadClass::KilledConsumer, "the broker gave up on it after its last delivery");
        Self { consumer, fault: Some(fault), ..message }
    }

    /// The fault of the result is that it is no event.
    fn decode(fields: &HeaderMap, body: Vec<u8>, consumer: &'static str) -> Self {
        let decoded = match is_binary(fields) {
            true => CloudEvent::decode_binary(fields, &body).map(|event| (event.encode_structured(), event)),
            false => CloudEvent::decode_structured(&body).map(|event| (body.clone(), event)),
        };
        match decoded {
            Ok((body, event)) => {
                let tenant = event.tenantid.as_deref().and_then(|text| text.parse().ok());
                Self { consumer, event: Some(event), tenant, body, fault: None }
            }
            Err(error) => {
                // Half of a binary-mode event are its fields: without them nobody could tell what it was.
                let body = if is_binary(fields) { CloudEvent::gather_binary(fields, &body) } else { body };
                Self { consumer, event: None, tenant: None, body, fault: Some(undecodable(&error)) }
            }
        }
    }

    /// What nobody could unpack.
    pub(super) fn unreadable(body: Vec<u8>, reason: &str, spec: &ConsumerSpec) -> Self {
        let fault = Some(Rejection::dead(DeadClass::Malformed, reason));
        Self { consumer: spec.name, event: None, tenant: None, body, fault }
    }

    /// The order it names, if it names one.
    pub(super) fn order(&self) -> Option<OrderId> {
        self.event.as_ref().and_then(subject_order)
    }
}

fn subject_order(event: &CloudEvent) -> Option<OrderId> {
    event.subject.as_deref().and_then(|subject| subject.parse().ok())
}

/// Why this consumer may not believe an event, if so.
fn distrust(event: &CloudEvent, tenant: Option<TenantId>, spec: &ConsumerSpec) -> Option<Rejection> {
    if !spec.sources.contains(&event.source.as_str()) {
        return Some(Rejection::dead(DeadClass::ForgedSource, "this consumer does not believe the source"));
    }
    if !spec.types.contains(&event.r#type.as_str()) {
        return Some(Rejection::dead(DeadClass::UnknownType, "this consumer does not understand the type"));
    }
    if tenant.is_none() {
        return Some(Rejection::dead(DeadClass::UnknownTenant, "tenantid is absent or not a tenant's id"));
    }
    None
}

fn undecodable(error: &DecodeError) -> Rejection {
    let (class, reason) = match error {
        DecodeError::Oversized { length } => {
            (DeadClass::Oversized, format!("{length} bytes; at most {} are accepted", cloudevents::MAX_EVENT_LEN))
        }
        // serde's own text may repeat what it found.
        DecodeError::Malformed(json) => (DeadClass::Malformed, unfit("not one JSON object with distinct members", json)),
        DecodeError::MissingAttribute(name) => (DeadClass::Malformed, format!("the attribute {name} is absent")),
        DecodeError::UnsupportedVersion(_) => (DeadClass::Malformed, "specversion is not 1.0".to_owned()),
        DecodeError::InvalidAttribute { why, .. } => (DeadClass::Malformed, format!("an attribute is refused: {why}")),
        DecodeError::UnversionedType(_) => (DeadClass::UnknownType, "the type does not end in a version".to_owned()),
    };
    Rejection::Dead { class, reason }
}

fn unfit(what: &str, error: &serde_json::Error) -> String {
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// Whether the attributes are among the fields. A content type that says structured mode is believed, whatever else there is; without
/// attributes the body is all there could be.
fn is_binary(fields: &HeaderMap) -> bool {
    let says_structured = fields.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(cloudevents::CONTENT_TYPE.as_bytes()));
    !says_structured && fields.keys().any(|name| name.as_str().starts_with("ce-"))
}

/// The properties of a delivery that matter, as HTTP header fields.
pub(super) fn delivery_fields(delivery: &Delivery) -> HeaderMap {
    let mut fields = HeaderMap::new();
    if let Some(headers) = delivery.properties.headers() {
        for (name, value) in headers {
            if let Some(text) = moment(name.as_str(), value).or_else(|| field_text(value)) {
                insert_attribute(&mut fields, name.as_str(), &text);
            }
        }
        killed::note_delivery(&mut fields, headers);
    }
    if let Some(content_type) = delivery.properties.content_type() {
        insert_content_type(&mut fields, content_type.as_str());
    }
    fields
}

/// Adds an AMQP header that spells an attribute. What no header field can carry stays out; the decoder then misses it, if it matters.
pub(super) fn insert_attribute(fields: &mut HeaderMap, amqp_name: &str, value: &str) {
    let attribute = BINARY_PREFIXES.iter().find_map(|prefix| amqp_name.strip_prefix(prefix));
    if let Some(attribute) = attribute
        && let Ok(name) = format!("ce-{attribute}").parse::<HeaderName>()
        && let Some(value) = field_value(value)
    {
        fields.append(name, value);
    }
}

/// Adds AMQP's property `content_type`.
pub(super) fn insert_content_type(fields: &mut HeaderMap, content_type: &str) {
    if let Ok(value) = HeaderValue::from_str(content_type) {
        fields.insert(CONTENT_TYPE, value);
    }
}

/// The attribute `time` where it is no text: senders may write AMQP's own timestamp, in seconds, or (CloudEvents AMQP binding) one of
/// AMQP 1.0, in milliseconds.
fn moment(amqp_name: &str, value: &AMQPValue) -> Option<String> {
    let attribute = BINARY_PREFIXES.iter().find_map(|prefix| amqp_name.strip_prefix(prefix));
    let milliseconds = match value {
        AMQPValue::Timestamp(seconds) => i64::try_from(*seconds).ok()?.checked_mul(1_000)?,
        AMQPValue::LongLongInt(milliseconds) => *milliseconds,
        _ => return None,
    };
    let timestamp = Timestamp::from_microsecond(milliseconds.checked_mul(1_000)?);
    (attribute == Some("time")).then(|| timestamp.to_string())
}

/// An AMQP header value as text, if it is of a type that attributes have.
fn field_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        AMQPValue::Boolean(value) => Some(value.to_string()),
        AMQPValue::LongLongInt(value) => Some(value.to_string()),
        AMQPValue::LongInt(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Text as HTTP carries it: percent-encoded where a header field needs it.
fn field_value(text: &str) -> Option<HeaderValue> {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded.parse().ok()
}

#[cfg(test)]
mod tests {
    use lapin::{BasicProperties, types::FieldTable};

    use super::*;

    static SPEC: ConsumerSpec = ConsumerSpec {
        name: "on-payment-event",
        purpose: "",
        queue: "q",
        best_effort: false,
        prefetch: 1,
        bindings: &[],
        sources: &["/payments"],
        types: &["payment.captured.v1"],
        timeout_seconds: 10,
        database_role: "orders_app",
    };

    const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/payments","type":"payment.captured.v1","tenantid":"ten_00000000000000000000000000000001","data":{}}"#;

    fn read(body: impl Into<Vec<u8>>) -> Message {
        of_delivery(&Delivery::mock(1, "".into(), "".into(), false, body.into()))
    }

    fn of_delivery(delivery: &Delivery) -> Message {
        Message::read(&delivery_fields(delivery), delivery.data.clone(), &SPEC)
    }

    fn class(message: &Message) -> Option<DeadClass> {
        match &message.fault {
            Some(Rejection::Dead { class, .. }) => Some(*class),
            _ => None,
        }
    }

    #[test]
    fn each_fault_has_its_class() {
        assert_eq!(class(&read(EVENT)), None);
        let cases = [
            ("{".to_owned(), DeadClass::Malformed),
            (EVENT.replace(r#""id":"1""#, r#""id":"1","id":"2""#), DeadClass::Malformed),
            (EVENT.replace(r#""id":"1""#, &format!(r#""id":"{}""#, "1".repeat(1_025))), DeadClass::Malformed),
            (EVENT.replace(r#""id":"1""#, r#""id":"\u0000""#), DeadClass::Malformed),
            (" ".repeat(70_000), DeadClass::Oversized),
            (EVENT.replace("/payments", "/elsewhere"), DeadClass::ForgedSource),
            (EVENT.replace("captured.v1", "captured.v2"), DeadClass::UnknownType),
            (EVENT.replace("ten_", "key_"), DeadClass::UnknownTenant),
        ];
        for (body, expected) in cases {
            assert_eq!(class(&read(body.clone())), Some(expected), "{body:.100}");
        }
    }

    #[test]
    fn what_is_passed_on_has_a_length() {
        let long = "9".repeat(1_000);
        let with = |name: &str, value: &str| EVENT.replace(r#""data""#, &format!(r#""{name}":"{value}","data""#));
        assert_eq!(class(&read(EVENT.replace(r#""id":"1""#, &format!(r#""id":"{long}""#)))), Some(DeadClass::Malformed));
        let message = read(with("correlationid", &long));
        assert_eq!(message.fault, None);
        let event = message.event.unwrap();
        assert_eq!(correlation_id(&event), "1", "in its place stands the event's own id");
        let event = read(with("correlationid", "req-1842")).event.unwrap();
        assert_eq!(correlation_id(&event), "req-1842");
    }

    #[test]
    fn a_time_that_is_no_text_is_told_in_text() {
        let expected = Some("2026-01-01T00:00:00.000000Z".to_owned());
        assert_eq!(moment("cloudEvents_time", &AMQPValue::LongLongInt(1_767_225_600_000)), expected);
        assert_eq!(moment("ce-time", &AMQPValue::Timestamp(1_767_225_600)), expected);
        assert_eq!(moment("cloudEvents:sequence", &AMQPValue::LongLongInt(7)), None);
        assert_eq!(moment("cloudEvents:time", &AMQPValue::LongLongInt(i64::MAX)), None);
    }

    #[test]
    fn binary_mode_becomes_structured_bytes() {
        let mut delivery = Delivery::mock(1, "".into(), "".into(), false, b"{}".to_vec());
        let mut headers = FieldTable::default();
        for (name, value) in [
            ("cloudEvents:specversion", "1.0"),
            ("cloudEvents:id", "100% caf\u{e9}"),
            ("cloudEvents:source", "/payments"),
            ("cloudEvents:type", "payment.captured.v1"),
            ("cloudEvents:tenantid", "ten_00000000000000000000000000000001"),
        ] {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        delivery.properties = BasicProperties::default().with_headers(headers).with_content_type("application/json".into());
        let message = of_delivery(&delivery);
        assert_eq!(message.fault, None);
        let again = CloudEvent::decode_structured(&message.body).unwrap();
        assert_eq!(again.id, "100% caf\u{e9}");
    }
}
