//! Change a tenant's name, status or policy. Every process obeys within the age of the keys it knows, five seconds.

use super::{
    CommandError, Context,
    audit::{self, Done},
};
use crate::{
    clock,
    db::{TenantTx, tenants},
    domain::{
        actor::Actor,
        audit::{AuditAction, tenant_changes},
        ids::TenantId,
        tenant::{Tenant, TenantPatch},
    },
};

/// Applies a patch to the version that the caller has seen, and returns the tenant as it now is. A patch that changes nothing is no
/// version and leaves no trail.
///
/// # Errors
/// [`CommandError::NotFound`]; [`CommandError::VersionMismatch`]; [`CommandError::Invalid`] with everything that is wrong; a store's
/// failures.
pub async fn execute(
    context: &Context,
    actor: Actor,
    tenant: TenantId,
    if_match: Option<u64>,
    patch: &TenantPatch,
) -> Result<Tenant, CommandError> {
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    match update(&mut tx, actor, tenant, if_match, patch).await {
        Ok(tenant) => {
            tx.commit().await?;
            Ok(tenant)
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

async fn update(
    tx: &mut TenantTx,
    actor: Actor,
    tenant: TenantId,
    if_match: Option<u64>,
    patch: &TenantPatch,
) -> Result<Tenant, CommandError> {
    let now = clock::now();
    let before = tenants::tenant_lock(tx, tenant).await.map_err(CommandError::while_locking)?.ok_or(CommandError::NotFound)?;
    if if_match.is_some_and(|version| version != before.version) {
        return Err(CommandError::VersionMismatch { current: before.version });
    }
    let after = before.patched(patch, now).map_err(CommandError::Invalid)?;
    if after.version != before.version {
        tenants::tenant_update(tx, &after).await?;
        let (subject, detail) = (tenant.to_string(), tenant_changes(&before, &after));
        audit::record(tx, Done { tenant, actor, action: AuditAction::TenantUpdated, subject: &subject, detail }, now).await?;
    }
    Ok(after)
}
