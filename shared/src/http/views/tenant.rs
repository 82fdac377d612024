//! A tenant as operators see it.

use serde::Serialize;
use utoipa::ToSchema;

use super::api_key::{SecretKeyView, secret_key};
use crate::{
    commands::{Answer, CommandError, create_tenant::CreatedTenant},
    domain::{
        ids::TenantId,
        policy::TenantPolicy,
        schema::Name,
        tenant::{Tenant, TenantStatus},
        timestamp::Timestamp,
    },
};

/// A tenant, whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView<'a> {
    id: TenantId,
    #[schema(value_type = Name)]
    name: &'a str,
    status: TenantStatus,
    policy: &'a TenantPolicy,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> TenantView<'a> {
    /// Shows a tenant.
    pub fn new(tenant: &'a Tenant) -> Self {
        Self {
            id: tenant.id,
            name: &tenant.name,
            status: tenant.status,
            policy: &tenant.policy,
            version: tenant.version,
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
        }
    }
}

/// A new tenant with its first key.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedTenant)]
pub struct CreatedTenantView<'a> {
    #[serde(flatten)]
    tenant: TenantView<'a>,
    first_key: SecretKeyView<'a>,
}

/// The answer that is stored, but for the secret, and replayed byte for byte.
///
/// # Errors
/// [`CommandError::Internal`] when the tenant cannot be JSON.
pub fn created_tenant(created: &CreatedTenant, status: u16) -> Result<Answer, CommandError> {
    let tenant = &created.tenant;
    let view = CreatedTenantView { tenant: TenantView::new(tenant), first_key: secret_key(&created.first_key) };
    let body = serde_json::to_string(&view).map_err(|error| CommandError::Internal(error.into()))?;
    let etag = Some(format!("\"v{}\"", tenant.version));
    Ok(Answer { status, location: Some(format!("/v1/admin/tenants/{}", tenant.id)), etag, body })
}
