//! `GET /v1/orders/{order_id}?expand=payments,fulfillments,returns`: one order, with an `ETag` and `304` for the version that a caller has.

use serde::Deserialize;
use shared::{
    catalog,
    http::{
        Call, HttpFunction, Problem, Reply,
        views::{Expand, OrderView},
    },
    queries::get_order,
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::GET_ORDER, |call| Box::pin(handle(call))).query::<Query>().answers::<OrderView<'_>>().versioned()
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
    let order = get_order::execute(call.database(), call.tenant()?, call.path("order_id")?).await?;
    if call.if_none_match(order.version) {
        return Ok(Reply::not_modified(order.version));
    }
    let view = OrderView::new(&order, expand).map_err(Problem::internal)?;
    Ok(Reply::json(catalog::GET_ORDER.success, &view)?.version(order.version))
}
