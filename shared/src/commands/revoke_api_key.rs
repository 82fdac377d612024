//! Revoke an API key: it ends at once, in every process within the age of the keys it knows, five seconds.

use serde_json::json;

use super::{
    CommandError, Context,
    audit::{self, Done},
};
use crate::{
    clock,
    db::{TenantTx, api_keys},
    domain::{
        actor::Actor,
        api_key::ApiKey,
        audit::AuditAction,
        ids::{KeyId, TenantId},
    },
};

/// Revokes it. A key that is revoked stays so, and revoking it again changes nothing. Any key may be revoked, the calling one and the
/// tenant's last included: a key in wrong hands must end, whatever comes after.
///
/// # Errors
/// [`CommandError::NotFound`] also for another tenant's; a store's failures.
pub async fn execute(context: &Context, actor: Actor, tenant: TenantId, key: KeyId) -> Result<(), CommandError> {
    if key.tenant != tenant {
        return Err(CommandError::NotFound);
    }
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    match revoke(&mut tx, actor, key).await {
        Ok(()) => Ok(tx.commit().await?),
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

async fn revoke(tx: &mut TenantTx, actor: Actor, id: KeyId) -> Result<(), CommandError> {
    let now = clock::now();
    let key = api_keys::api_key_lock(tx, id).await.map_err(CommandError::while_locking)?.ok_or(CommandError::NotFound)?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    api_keys::api_key_end(tx, &ApiKey { revoked_at: Some(now), ..key }).await?;
    let done = Done { tenant: id.tenant, actor, action: AuditAction::KeyRevoked, subject: &id.to_string(), detail: json!({}) };
    audit::record(tx, done, now).await
}
