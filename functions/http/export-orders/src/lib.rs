//! `GET /v1/orders/export?format=ndjson&after=ord_…`: a tenant's orders, each whole, oldest first, with the filters of list-orders.
//!
//! The answer lasts as long as there are orders, at most until the function's time limit; one that is not whole is broken off, and
//! `after` goes on behind the last order that came.

use serde::Deserialize;
use shared::{
    catalog,
    domain::ids::OrderId,
    http::{
        Call, HttpFunction, OrderFilters, Problem, Reply,
        bulk::{self, Export, ExportFormat},
        views::{Expand, ExportLine},
    },
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::EXPORT_ORDERS, |call| Box::pin(handle(call)))
        .query::<Query>()
        .filters::<OrderFilters>()
        .answers_lines::<ExportLine>()
        .or_serves("text/csv", "With `format=csv`: one row an order after a row of names (RFC 4180).")
}

/// The parameters beside the filters.
const OWN: [&str; 3] = ["format", "after", "expand"];

/// The query, without the filters.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// As what; `ndjson` unless told otherwise.
    format: Option<ExportFormat>,
    /// Behind this order: the last one that came, or `next_after` of an export before.
    after: Option<OrderId>,
    /// Parts that are shown beside each order itself. Not with `format=csv`: rows have no place for them.
    #[serde(default)]
    expand: Expand,
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (Query { format, after, expand }, filters): (_, OrderFilters) = call.query_and_filters(&OWN)?;
    let format = format.unwrap_or(ExportFormat::Ndjson);
    bulk::export_orders(&call, Export { filter: filters.into_filter(None), after, format, expand }).await
}
