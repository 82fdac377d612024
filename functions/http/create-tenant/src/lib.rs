//! `POST /v1/admin/tenants`: a tenant with its first key, whose secret this answer and its replays show and nothing else ever does.
//!
//! The body is [`TenantRequest`].

use shared::{
    catalog,
    commands::create_tenant,
    domain::tenant::TenantRequest,
    http::{Call, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::CREATE_TENANT, |call| Box::pin(handle(call)))
        .takes::<TenantRequest>(r#"{"name": "Tea shop", "policy": {"stock": false, "currencies": ["EUR"]}}"#)
        .answers::<views::CreatedTenantView<'_>>()
        .versioned()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: TenantRequest = call.json()?;
    let render = |created: &_| views::created_tenant(created, catalog::CREATE_TENANT.success);
    let executed = create_tenant::execute(call.context(), &call.origin()?, &request, &render).await?;
    Ok(Reply::from(executed).never_stored())
}
