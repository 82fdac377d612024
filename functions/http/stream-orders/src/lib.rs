//! `GET /v1/orders/stream?types=order.paid.v1`: the events of all orders as they happen, from the caller's `Last-Event-ID` on.

use serde::Deserialize;
use shared::{
    catalog,
    http::{Call, Code, EventTypes, HttpFunction, Problem, Reply},
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::STREAM_ORDERS, |call| Box::pin(handle(call)))
        .query::<Query>()
        .streams("The events of all orders (docs/live.md), each as it was published.")
        .refuses(&[Code::RateLimited])
}

/// The query.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Events of these types alone; of every type unless told otherwise.
    #[serde(default)]
    types: EventTypes,
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let Query { types } = call.query()?;
    call.stream(None, types).await
}
