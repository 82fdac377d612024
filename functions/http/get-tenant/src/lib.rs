//! `GET /v1/admin/tenants/{tenant_id}`: one tenant with its policy, with an `ETag` and `304` for the version that a caller has.

use shared::{
    catalog,
    http::{Call, HttpFunction, Problem, Reply, views::TenantView},
    queries::get_tenant,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::GET_TENANT, |call| Box::pin(handle(call))).answers::<TenantView<'_>>().versioned()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let tenant = get_tenant::execute(call.database(), call.path("tenant_id")?).await?;
    if call.if_none_match(tenant.version) {
        return Ok(Reply::not_modified(tenant.version));
    }
    Ok(Reply::json(catalog::GET_TENANT.success, &TenantView::new(&tenant))?.version(tenant.version))
}
