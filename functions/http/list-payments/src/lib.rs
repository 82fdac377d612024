//! `GET /v1/orders/{order_id}/payments`: the payments of an order, oldest first, each with its operations, in pages.

use serde::Deserialize;
use shared::{
    catalog,
    http::{Call, HttpFunction, Problem, Reply, views::PaymentView},
    queries::get_order,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::LIST_PAYMENTS, |call| Box::pin(handle(call))).lists::<PaymentView<'_>>()
}

/// There is nothing to filter by.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filters {}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (Filters {}, page) = call.page()?;
    let after: Option<u32> = page.after.as_deref().map(str::parse).transpose().map_err(Problem::internal)?;
    let order = get_order::execute(call.database(), call.tenant()?, call.path("order_id")?).await?;
    let rest: Vec<_> = order.payments.iter().filter(|payment| after.is_none_or(|after| payment.position > after)).collect();
    let shown = &rest[..rest.len().min(page.limit as usize)];
    let next = shown.last().filter(|_| shown.len() < rest.len()).map(|last| last.position.to_string());
    let views: Vec<_> = shown.iter().map(|payment| PaymentView::new(payment)).collect();
    page.reply(&views, next.as_deref())
}
