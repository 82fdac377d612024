//! `POST /v1/webhooks/payments`: what became of an operation, pushed by the payment service and signed by Standard Webhooks.
//!
//! The body is a [`Webhook`]; its tenant counts because the wrapper has verified the signature. It is the news that the payment
//! service's events bring, so it goes the same way: to `on-payment-event`, as if that function's queue had brought it. 204 says that it
//! took effect, now or earlier; 202 that a row keeps it, because its order is not known yet or a person has to look; 503 asks for it
//! again.

use serde::Deserialize;
use serde_json::Value;
use shared::{
    catalog,
    domain::{
        ids::{OrderId, TenantId},
        payments::{news_type::PaymentNewsType, report::OperationReport},
        timestamp::Timestamp,
    },
    http::{Call, Code, HttpFunction, Problem, Reply},
    messaging::{HandedOver, Pushed, hand_over},
};
use utoipa::ToSchema;

/// CloudEvents `source` of what comes this way.
const SOURCE: &str = "/webhooks/payments";

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::RECEIVE_PAYMENT_WEBHOOK, |call| Box::pin(handle(call)))
        .takes::<Webhook<Data>>(include_str!("example.json"))
        .answers_nothing()
        .or_answers(202, "Kept: it takes effect when its order appears, or a person has to look at it. Do not send it again.")
}

/// What the payment service pushes. Members that are not named here are ignored.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaymentWebhook)]
struct Webhook<D> {
    /// What happened.
    r#type: PaymentNewsType,
    /// When it happened.
    timestamp: Timestamp,
    /// The operation, and whose it is.
    #[schema(value_type = Data)]
    data: D,
}

/// Whose operation it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = OperationOwner)]
struct Owner {
    /// The tenant.
    tenant_id: TenantId,
    /// Its order.
    order_id: OrderId,
}

/// An operation as the payment service reports it everywhere, with whose it is beside.
#[derive(ToSchema)]
#[schema(as = PaymentWebhookData)]
#[expect(dead_code, reason = "described here and read in two parts, so that what does not fit is told by its place")]
struct Data {
    #[serde(flatten)]
    owner: Owner,
    #[serde(flatten)]
    report: OperationReport,
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let Webhook { r#type, timestamp, data: Owner { tenant_id, order_id } } = call.json()?;
    // Decoded again by the consumer: here so that its sender hears what does not fit.
    let Webhook { data: OperationReport { .. }, .. } = call.json()?;
    let Webhook::<Value> { data, .. } = call.json()?;
    let pushed = Pushed {
        source: SOURCE,
        id: call.webhook_id()?,
        r#type: &format!("{type}.v1"),
        time: timestamp,
        tenant: tenant_id,
        order: order_id,
        correlation_id: call.request_id(),
        traceparent: call.traceparent(),
        data: &data,
    };
    match hand_over(call.context(), on_payment_event::function(), &pushed).await {
        HandedOver::Done => Ok(Reply::no_content()),
        HandedOver::Kept => Ok(Reply::accepted()),
        HandedOver::NotNow => Err(Problem::new(Code::DependencyUnavailable).detail("it took no effect and is not kept; send it again")),
    }
}
