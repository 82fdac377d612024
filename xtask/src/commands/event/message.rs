//! An Amazon MQ for RabbitMQ batch of one CloudEvent, with the nulls that real ones have.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{demo, read};
use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::manifest::Consumer;
use crate::options::Options;
use crate::random;

/// An order that nobody places.
const NO_ORDER: &str = "ord_0198f000000070008000000000000001";
/// What samples of data name besides.
const OPERATION: &str = "op_0198f000000070008000000000000002";
const FULFILLMENT: &str = "ful_0198f000000070008000000000000003";

/// The event of a message that the options describe.
pub fn event(checkout: &Checkout, name: &str, consumer: &Consumer, options: &Options) -> Result<Value> {
    let r#type = match options.text("--type") {
        Some(wanted) if !consumer.types.iter().any(|known| known == wanted) => {
            return Err(Failure::new(format!("{name} does not understand {wanted}; it takes {}", consumer.types.join(", "))));
        }
        Some(wanted) => wanted,
        None => consumer.types.first().map(String::as_str).unwrap_or_default(),
    };
    let order = options.text("--order").unwrap_or(NO_ORDER);
    let tenant = tenant(checkout, options)?;
    let data = match options.text("--data") {
        Some(file) => serde_json::from_slice(&read(file)?).context(|| format!("{file} is not JSON"))?,
        None => sample(r#type, order),
    };
    let id = format!("evt-{}", random::token()?);
    let message = json!({
        "specversion": "1.0",
        "id": id,
        "source": consumer.sources.first(),
        "type": r#type,
        "subject": order,
        "tenantid": tenant,
        "datacontenttype": "application/json",
        "data": data,
    });
    Ok(batch(&consumer.queue, &id, message.to_string().as_bytes()))
}

/// The body of a webhook with which the payment service tells that an order was paid.
pub fn webhook(checkout: &Checkout, options: &Options) -> Result<Value> {
    let order = options.text("--order").unwrap_or(NO_ORDER);
    let mut data = sample("payment.captured.v1", order);
    data["order_id"] = order.into();
    data["tenant_id"] = tenant(checkout, options)?.into();
    Ok(json!({ "type": "payment.captured", "timestamp": data["occurred_at"], "data": data }))
}

/// The demo tenant unless told otherwise.
fn tenant(checkout: &Checkout, options: &Options) -> Result<String> {
    options.text("--tenant").map_or_else(|| demo(checkout, "tenant_id", "--tenant"), |tenant| Ok(tenant.to_owned()))
}

fn batch(queue: &str, id: &str, body: &[u8]) -> Value {
    let properties = json!({
        "contentType": "application/cloudevents+json",
        "contentEncoding": null,
        "headers": {},
        "deliveryMode": 2,
        "priority": null,
        "correlationId": null,
        "replyTo": null,
        "expiration": null,
        "messageId": id,
        "timestamp": null,
        "type": null,
        "userId": null,
        "appId": null,
        "clusterId": null,
        "bodySize": body.len(),
    });
    json!({
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:eu-central-1:123456789012:broker:orders:b-local",
        "rmqMessagesByQueue": {
            format!("{queue}::/"): [{ "basicProperties": properties, "redelivered": false, "data": STANDARD.encode(body) }],
        },
    })
}

/// Data that fits its type, about things that do not exist. A type that is not known here has none.
fn sample(r#type: &str, order: &str) -> Value {
    let name = r#type.rsplit_once(".v").map_or(r#type, |(name, _)| name);
    let outcome = |kind: &str, status: &str| {
        json!({
            "id": OPERATION, "kind": kind, "status": status, "amount": 3490, "currency": "EUR",
            "provider_reference": "sample", "occurred_at": "2026-01-01T00:00:00Z",
        })
    };
    match name.split_once('.') {
        Some(("inventory", _)) => json!({ "reservation_id": format!("{order}:1"), "order_id": order, "lines": [] }),
        Some(("shipment", _)) => json!({ "fulfillment_id": FULFILLMENT, "order_id": order }),
        Some(("payment", "operation.requested")) => json!({ "operation_id": OPERATION, "order_id": order }),
        Some(("payment", "authorized")) => outcome("authorize", "succeeded"),
        Some(("payment", "voided")) => outcome("void", "succeeded"),
        Some(("payment", "failed")) => outcome("capture", "failed"),
        Some(("payment", _)) => outcome("capture", "succeeded"),
        Some(("refund", "failed")) => outcome("refund", "failed"),
        Some(("refund", _)) => outcome("refund", "succeeded"),
        _ => json!({}),
    }
}
