//! Rotate an API key: a new key with the same name, scopes and expiry takes its place, and the old one ends after an overlap.

use serde_json::json;

use super::{
    Answer, CommandError, Context, Executed, Origin, Render,
    audit::{self, Done},
    fresh_key::{self, FreshKey},
    idempotency,
};
use crate::{
    clock::{self, IdsAt},
    db::{TenantTx, api_keys},
    domain::{
        api_key::{ApiKey, Grantor, RotationRequest},
        audit::AuditAction,
        ids::KeyId,
        permissions::Permission,
    },
};

/// The key that was made and the one whose place it takes.
#[derive(Debug)]
pub struct RotatedKey {
    /// The new key.
    pub fresh: FreshKey,
    /// The old key, with its end.
    pub replaced: ApiKey,
}

/// Who may rotate what, and how.
#[derive(Debug, Clone, Copy)]
pub struct RotateApiKey<'a> {
    /// The key to replace.
    pub key: KeyId,
    /// What the calling key may do: who rotates a key learns the new secret, so it must hold all that the key may do.
    pub scopes: &'a [Permission],
    /// The body.
    pub request: &'a RotationRequest,
}

/// Rotates it once for each key of the caller's.
///
/// # Errors
/// [`CommandError::NotFound`] also for another tenant's; [`CommandError::KeyEnded`], of the calling key too; [`CommandError::ScopeNotHeld`];
/// [`CommandError::Invalid`]; [`CommandError::IdempotencyKeyReused`], [`CommandError::IdempotencyInProgress`]; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    command: &RotateApiKey<'_>,
    render: Render<'_, RotatedKey>,
) -> Result<Executed, CommandError> {
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = claimed(context, &mut tx, origin, command, render).await;
    idempotency::settle(context, tx, origin, outcome).await
}

async fn claimed(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    command: &RotateApiKey<'_>,
    render: Render<'_, RotatedKey>,
) -> Result<Option<Answer>, CommandError> {
    let now = clock::now();
    if !idempotency::claim(tx, origin, now).await? {
        return Ok(None);
    }
    fresh_key::hold_caller(tx, origin.actor, now).await?;
    let ends_at = command.request.ends_at(now).map_err(CommandError::Invalid)?;
    let old = lock(tx, origin, command.key).await?;
    if !old.is_held_at(now) {
        return Err(CommandError::KeyEnded);
    }
    if let Some(scope) = (Grantor { tenant: origin.tenant, scopes: command.scopes }).lacks(&old.scopes) {
        return Err(CommandError::ScopeNotHeld(scope));
    }
    let replaced = old.ending_at(ends_at);
    api_keys::api_key_end(tx, &replaced).await?;
    let id = fresh_key::fresh_id(origin.tenant, &mut IdsAt::new(now));
    let fresh = FreshKey::create(context, tx, old.successor(id, now)).await?;
    let done = Done {
        tenant: origin.tenant,
        actor: origin.actor,
        action: AuditAction::KeyRotated,
        subject: &old.id.to_string(),
        detail: json!({ "replaced_by": id, "expires_at": replaced.expires_at }),
    };
    audit::record(tx, done, now).await?;
    let rotated = RotatedKey { fresh, replaced };
    let answer = render(&rotated)?;
    idempotency::store(context, tx, origin, &rotated.fresh.withheld_from(&answer)).await?;
    Ok(Some(answer))
}

async fn lock(tx: &mut TenantTx, origin: &Origin, key: KeyId) -> Result<ApiKey, CommandError> {
    if key.tenant != origin.tenant {
        return Err(CommandError::NotFound);
    }
    api_keys::api_key_lock(tx, key).await.map_err(CommandError::while_locking)?.ok_or(CommandError::NotFound)
}
