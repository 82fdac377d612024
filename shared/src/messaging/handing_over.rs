//! News that reaches its consumer by another way than its queue: a webhook. It means the same there.
//!
//! It becomes the event that the queue would have brought, so that the same tests, the same inbox claim and the same rows await it, and
//! so that what is parked is applied by its consumer later. One thing differs: whoever pushed it waits for an answer and can push again.
//! What is only in the way is therefore not written down.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Value, value::to_raw_value};

use super::{ConsumerFunction, incoming::Message, outcome::Rejection, settler::Settler};
use crate::{
    cloudevents::CloudEvent,
    commands::Context,
    domain::{
        ids::{OrderId, TenantId},
        timestamp::Timestamp,
    },
};

/// News that somebody pushed who has proved who it is.
#[derive(Debug, Clone)]
pub struct Pushed<'a> {
    /// CloudEvents `source`: the way that it took. The consumer's manifest must name it.
    pub source: &'a str,
    /// Unique on that way: a repeat has no second effect.
    pub id: &'a str,
    /// CloudEvents `type`, with its version.
    pub r#type: &'a str,
    /// When it happened.
    pub time: Timestamp,
    /// Whose it is.
    pub tenant: TenantId,
    /// The order that it is about.
    pub order: OrderId,
    /// The request that brought it; joins everything that it causes.
    pub correlation_id: &'a str,
    /// W3C trace context of that request.
    pub traceparent: String,
    /// What the consumer will decode.
    pub data: &'a Value,
}

/// What pushed news came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedOver {
    /// It took effect, now or earlier.
    Done,
    /// It took none, and a row keeps it: parked until its order appears, or dead.
    Kept,
    /// It took none and nothing was written: PostgreSQL is away or the order is busy. Whoever pushed it must push it again.
    NotNow,
}

/// Gives pushed news to the consumer of such news, as if its queue had brought it.
pub fn hand_over(context: &Context, consumer: ConsumerFunction, pushed: &Pushed<'_>) -> BoxFuture<'static, HandedOver> {
    let settler = Settler::new(consumer, context.clone());
    // Read back as if it came from outside: what a row keeps must be readable when its time has come.
    let message = Message::read(&HeaderMap::new(), event(pushed).encode_structured(), settler.spec());
    Box::pin(async move {
        let started = Instant::now();
        let outcome = match settler.handle(&message, Duration::MAX).await {
            Err(rejection) if !matches!(rejection, Rejection::Retry { .. }) => Err(settler.file(&message, rejection).await),
            outcome => outcome,
        };
        settler.report(&message, &outcome, started.elapsed());
        match outcome {
            Ok(()) => HandedOver::Done,
            Err(Rejection::Park { .. } | Rejection::Dead { .. }) => HandedOver::Kept,
            Err(Rejection::Retry { .. } | Rejection::StoreAway { .. }) => HandedOver::NotNow,
        }
    })
}

fn event(pushed: &Pushed<'_>) -> CloudEvent {
    let extension = |name: &str, value: &str| (name.to_owned(), Value::from(value));
    CloudEvent {
        id: pushed.id.to_owned(),
        source: pushed.source.to_owned(),
        r#type: pushed.r#type.to_owned(),
        subject: Some(pushed.order.to_string()),
        time: Some(pushed.time.to_string()),
        tenantid: Some(pushed.tenant.to_string()),
        extensions: BTreeMap::from([extension("correlationid", pushed.correlation_id), extension("traceparent", &pushed.traceparent)]),
        // A JSON value always serialises.
        data: to_raw_value(pushed.data).unwrap_or_default(),
    }
}
