//! `GET /v1/orders/{order_id}?expand=payments,fulfillments`: one order, with an `ETag` and `304` for the version that a caller has.

use serde::Deserialize;
use shared::{
    catalog,
    http::{
        Call, HttpFunction, Problem, Reply, peek,
        views::{Expand, OrderView},
    },
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::GET_ORDER, |call| Box::pin(handle(call)))
        .shows_orders(|query| peek::<Query>(query).map(|query| query.expand.view()))
        .query::<Query>()
        .answers::<OrderView<'_>>()
        .versioned()
}

/// The query.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Parts that are shown beside the order itself.
    #[serde(default)]
    expand: Expand,
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let Query { expand } = call.query()?;
    let id = call.path("order_id")?;
    let order = call.reads().execute(call.database(), call.tenant()?, id, call.min_version()?).await?;
    let view = OrderView::new(&order, expand).map_err(Problem::internal)?;
    call.new_view(id, expand.view(), order.version, &view)
}
