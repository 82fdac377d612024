//! `GET /v1/ops/payment-operations`: what a person must settle at the payment service, over all tenants, newest first, in pages.
//!
//! An operation is here while its end is unknown, or while it is marked for a person; resolve-payment-operation takes it off.

use serde::Deserialize;
use shared::{
    catalog,
    domain::{ids::TenantId, payments::operation::Attention},
    http::{Call, HttpFunction, Problem, Reply, views::UnsettledOperationView},
    queries::list_payment_operations::{self, UnsettledFilter},
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::LIST_PAYMENT_OPERATIONS, |call| Box::pin(handle(call)))
        .query::<Filters>()
        .lists::<UnsettledOperationView<'_>>()
}

/// The filters, any of them together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Filters {
    /// Of one tenant.
    tenant_id: Option<TenantId>,
    /// For one reason.
    attention: Option<Attention>,
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (Filters { tenant_id, attention }, page) = call.page()?;
    let before = page.after.as_deref().map(str::parse).transpose().map_err(Problem::internal)?;
    let filter = UnsettledFilter { tenant: tenant_id, attention, before };
    // One more than the page: whether there is a next one.
    let limit = i64::from(page.limit) + 1;
    let mut operations = list_payment_operations::execute(call.database(), call.tenant()?, &filter, limit).await?;
    let more = operations.len() > page.limit as usize;
    operations.truncate(page.limit as usize);
    let next = operations.last().filter(|_| more).map(|last| last.operation().to_string());
    let views: Vec<_> = operations.iter().map(UnsettledOperationView::new).collect();
    page.reply(&views, next.as_deref())
}
