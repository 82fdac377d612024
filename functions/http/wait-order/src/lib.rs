//! `GET /v1/orders/{order_id}/wait?until=payment_status:paid`: the order once it is so, or 204 when that takes too long.

use std::time::{Duration, Instant};

use serde::Deserialize;
use shared::{
    catalog,
    domain::{ids::OrderId, order::milestone::Milestone},
    http::{
        Call, Code, HttpFunction, Problem, Reply,
        views::{Expand, OrderView},
    },
    queries::get_order,
};
use utoipa::ToSchema;

/// How long a caller waits at most: less than clients and gateways do. Beyond it the answer is 204, and the caller asks again.
const WAIT_LIMIT: Duration = Duration::from_secs(25);

/// The order is looked at as often without news: of an event that is held back behind somebody's long transaction nobody is told.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::WAIT_ORDER, |call| Box::pin(handle(call)))
        .query::<Query>()
        .answers::<OrderView<'_>>()
        .versioned()
        .or_answers(204, "It has not become so in 25 s, or the service is about to stop: ask again.")
        .refuses(&[Code::RateLimited])
}

/// The query.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// A status and its value, such as `payment_status:paid`, or the least `version`, such as `version:12`.
    until: Milestone,
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let late = Instant::now() + WAIT_LIMIT;
    let Query { until } = call.query()?;
    let order: OrderId = call.path("order_id")?;
    // From before the first look, so that nothing happens between the two.
    let mut news = call.news_of(order).await?;
    let mut is_last_look = false;
    loop {
        let order = get_order::execute(call.database(), call.tenant()?, order).await?;
        if until.is_reached_by(&order) {
            if call.if_none_match(order.version) {
                return Ok(Reply::not_modified(order.version));
            }
            let view = OrderView::new(&order, Expand::default()).map_err(Problem::internal)?;
            return Ok(Reply::json(catalog::WAIT_ORDER.success, &view)?.version(order.version));
        }
        if is_last_look {
            return Ok(Reply::no_content());
        }
        is_last_look = !news.wait(late.min(Instant::now() + LOOK_EVERY)).await || Instant::now() >= late;
    }
}
