//! `PATCH /v1/admin/tenants/{tenant_id}`: a tenant's name, status and policy, changed from the version that `If-Match` names.
//!
//! The body is [`TenantPatch`], a JSON merge patch (RFC 7396).

use shared::{
    catalog,
    commands::update_tenant,
    domain::tenant::TenantPatch,
    http::{Call, HttpFunction, Problem, Reply, views::TenantView},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::UPDATE_TENANT, |call| Box::pin(handle(call)))
        .takes::<TenantPatch>(r#"{"policy": {"payment_deadline_seconds": 3600}}"#)
        .answers::<TenantView<'_>>()
        .versioned()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let patch: TenantPatch = call.json()?;
    let (tenant, version) = (call.path("tenant_id")?, call.if_match()?);
    let tenant = update_tenant::execute(call.context(), call.actor()?, tenant, version, &patch).await?;
    Ok(Reply::json(catalog::UPDATE_TENANT.success, &TenantView::new(&tenant))?.version(tenant.version))
}
