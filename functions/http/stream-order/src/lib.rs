//! `GET /v1/orders/{order_id}/stream`: the events of one order as they happen, from the caller's `Last-Event-ID` on.

use shared::{
    catalog,
    domain::ids::OrderId,
    http::{Call, Code, EventTypes, HttpFunction, Problem, Reply},
    queries::get_order,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::STREAM_ORDER, |call| Box::pin(handle(call)))
        .streams("The order's events (docs/live.md), each as it was published.")
        .refuses(&[Code::RateLimited])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let order: OrderId = call.path("order_id")?;
    // Whoever follows what is not theirs would wait for ever: it is refused like a look at it.
    get_order::execute(call.database(), call.tenant()?, order).await?;
    call.stream(Some(order), EventTypes::default()).await
}
