//! `GET /v1/orders`: a tenant's orders, newest first, in pages. Filters combine; a cursor belongs to its filters.

use shared::{
    catalog,
    domain::ids::OrderId,
    http::{Call, HttpFunction, OrderFilters, Problem, Reply, views::OrderSummaryView},
    queries::list_orders,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::LIST_ORDERS, |call| Box::pin(handle(call))).query::<OrderFilters>().lists::<OrderSummaryView<'_>>()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (filters, page): (OrderFilters, _) = call.page()?;
    let before = page.after.as_deref().map(str::parse).transpose().map_err(Problem::internal)?;
    // One more than the page: whether there is a next one.
    let limit = i64::from(page.limit) + 1;
    let mut orders = list_orders::execute(call.database(), call.tenant()?, &filters.into_filter(before), limit).await?;
    let more = orders.len() > page.limit as usize;
    orders.truncate(page.limit as usize);
    let next = orders.last().filter(|_| more).map(|last| OrderId::new(last.id).to_string());
    let views: Vec<_> = orders.iter().map(OrderSummaryView::new).collect();
    page.reply(&views, next.as_deref())
}
