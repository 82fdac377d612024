//! `GET /v1/orders/{order_id}/history`: one entry a version, oldest first, in pages.

use serde::Deserialize;
use shared::{
    catalog,
    http::{Call, HttpFunction, Problem, Reply, views::HistoryEntryView},
    queries::get_order_history,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::GET_ORDER_HISTORY, |call| Box::pin(handle(call))).lists::<HistoryEntryView<'_>>()
}

/// No filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filters {}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (Filters {}, page) = call.page()?;
    let after = page.after.as_deref().map(str::parse).transpose().map_err(Problem::internal)?.unwrap_or(0);
    // One more than the page: whether there is a next one.
    let limit = i64::from(page.limit) + 1;
    let mut rows = get_order_history::execute(call.database(), call.tenant()?, call.path("order_id")?, after, limit).await?;
    let more = rows.len() > page.limit as usize;
    rows.truncate(page.limit as usize);
    let next = rows.last().filter(|_| more).map(|last| last.version.to_string());
    let views: Vec<_> = rows.iter().map(HistoryEntryView::new).collect();
    page.reply(&views, next.as_deref())
}
