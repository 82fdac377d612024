//! From a message that the domain decided to the final bytes that the outbox stores: one structured-mode CloudEvent.

use std::collections::BTreeMap;

use serde_json::{Value, value::to_raw_value};

use super::{CommandError, Origin};
use crate::{
    cloudevents::CloudEvent,
    domain::{
        messages::{Message, MessageType, size::EVENT_BYTES_MAX},
        timestamp::Timestamp,
    },
};

/// CloudEvents `source` of everything that this service says.
const SOURCE: &str = "/order-service";

/// Encodes messages, in their order.
///
/// # Errors
/// [`CommandError::Internal`] when one is larger than anybody takes. The domain keeps its messages below that, so it is a fault of ours,
/// and nothing is written that could never be delivered.
pub(super) fn encode(messages: &[Message], origin: &Origin, now: Timestamp) -> Result<Vec<Vec<u8>>, CommandError> {
    messages.iter().map(|message| bounded(message.kind(), event(message, origin, now).encode_structured())).collect()
}

fn bounded(kind: MessageType, bytes: Vec<u8>) -> Result<Vec<u8>, CommandError> {
    match bytes.len() {
        ..=EVENT_BYTES_MAX => Ok(bytes),
        length => {
            Err(CommandError::Internal(format!("a message {kind} of {length} bytes; at most {EVENT_BYTES_MAX} can be published").into()))
        }
    }
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
        r#type: message.kind().as_str().to_owned(),
        subject: Some(order),
        time: Some(now.to_string()),
        tenantid: Some(origin.tenant.to_string()),
        extensions,
        // Data always serialises.
        data: to_raw_value(&message.data()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        cloudevents::MAX_ID_LEN,
        commands::Claim,
        domain::{
            actor::Actor,
            ids::{EventId, OrderId, TenantId},
            messages::{Content, Lines, OrderSnapshot, Units, size::ENVELOPE_BYTES_MAX},
            money::Amount,
            order::{
                Totals,
                request::REFERENCE_MAX,
                status::{FulfillmentStatus, OrderStatus, PaymentStatus},
            },
        },
        telemetry::traceparent::TraceParent,
    };

    /// Every attribute as long as it can be, in the characters that take the most bytes.
    fn origin() -> Origin {
        Origin {
            tenant: TenantId::new(Uuid::max()),
            actor: Actor::Function("on-inventory-event"),
            correlation_id: "\"".repeat(MAX_ID_LEN),
            causation_id: Some("\\".repeat(MAX_ID_LEN)),
            traceparent: Some(TraceParent::new().to_string()),
            claim: Claim::Deadline,
        }
    }

    fn message(content: Content) -> Message {
        let most = Amount::MAX;
        let totals = Totals {
            lines: most,
            discount: most,
            shipping: most,
            tax: most,
            total: most,
            authorized: most,
            captured: most,
            refunded: most,
            balance_due: most,
            refundable: most,
        };
        let order = OrderId::new(Uuid::max());
        let snapshot = OrderSnapshot {
            id: order,
            number: u64::MAX.to_string(),
            external_reference: Some("\u{10ffff}".repeat(REFERENCE_MAX)),
            version: u64::MAX,
            status: OrderStatus::AwaitingPayment,
            payment_status: PaymentStatus::PartiallyAuthorized,
            fulfillment_status: FulfillmentStatus::PartiallyDelivered,
            currency: "EUR".parse().unwrap(),
            totals,
        };
        let (id, numbers) = (EventId::new(Uuid::max()), u64::MAX);
        Message { id, order, order_version: numbers, sequence: Some(numbers), snapshot: Some(snapshot), content }
    }

    #[test]
    fn the_largest_envelope_and_snapshot_take_no_more_than_is_kept_for_them() {
        let now = Timestamp::from_microsecond(1_767_225_600_123_456);
        let longest = MessageType::ALL.iter().map(|kind| kind.as_str().len()).max().unwrap() - MessageType::OrderConfirmed.as_str().len();
        let bytes = encode(&[message(Content::OrderConfirmed)], &origin(), now).unwrap()[0].len() + longest;
        assert!(bytes <= ENVELOPE_BYTES_MAX, "{bytes} bytes");
    }

    #[test]
    fn what_nobody_would_take_is_not_written() {
        let line = || Units { sku: "x".repeat(64), quantity: 1 };
        let lines = |count| Content::OrderCreated(Lines { lines: std::iter::repeat_with(line).take(count).collect() });
        let now = Timestamp::from_microsecond(0);
        assert!(encode(&[message(lines(600))], &origin(), now).is_ok());
        let refused = encode(&[message(lines(1_000))], &origin(), now);
        assert!(matches!(refused, Err(CommandError::Internal(_))), "{refused:?}");
    }
}
