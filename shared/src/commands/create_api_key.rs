//! Create an API key: over HTTP for who holds one, or at the command line for a tenant that has none left.

use serde_json::json;

use super::{
    Answer, CommandError, Context, Executed, Origin, Render,
    audit::{self, Done},
    fresh_key::{self, FreshKey},
    idempotency,
};
use crate::{
    clock::{self, IdsAt},
    db::{TenantTx, tenants},
    domain::{
        actor::Actor,
        api_key::{ApiKeyRequest, Grantor},
        audit::AuditAction,
        ids::TenantId,
        permissions::Permission,
        timestamp::Timestamp,
    },
};

/// Creates it once for each key of the caller's, who holds `scopes` and can grant no other.
///
/// # Errors
/// [`CommandError::Invalid`] with everything that is wrong; [`CommandError::KeyEnded`] when the calling key is nobody's any more;
/// [`CommandError::IdempotencyKeyReused`], [`CommandError::IdempotencyInProgress`]; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    scopes: &[Permission],
    request: ApiKeyRequest,
    render: Render<'_, FreshKey>,
) -> Result<Executed, CommandError> {
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = claimed(context, &mut tx, origin, scopes, request, render).await;
    idempotency::settle(context, tx, origin, outcome).await
}

/// Creates one that may do everything a tenant may, for a tenant that has locked itself out. Over HTTP there is no way to do this: an
/// operator's key administers tenants and cannot act as one.
///
/// # Errors
/// [`CommandError::NotFound`] for an unknown tenant and for the operator, whose key is in the environment; [`CommandError::Invalid`];
/// a store's failures.
pub async fn at_command_line(context: &Context, tenant: TenantId, name: String) -> Result<FreshKey, CommandError> {
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    match for_tenant(context, &mut tx, tenant, name).await {
        Ok(created) => tx.commit().await.map(|()| created).map_err(Into::into),
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

async fn for_tenant(context: &Context, tx: &mut TenantTx, tenant: TenantId, name: String) -> Result<FreshKey, CommandError> {
    if tenant == TenantId::OPERATOR || !tenants::tenant_exists(tx, tenant).await? {
        return Err(CommandError::NotFound);
    }
    let request = ApiKeyRequest { name, scopes: Permission::OF_TENANTS.to_vec(), expires_at: None };
    let grantor = Grantor { tenant, scopes: Permission::OF_TENANTS };
    create(context, tx, grantor, request, Actor::CommandLine, clock::now()).await
}

async fn claimed(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    scopes: &[Permission],
    request: ApiKeyRequest,
    render: Render<'_, FreshKey>,
) -> Result<Option<Answer>, CommandError> {
    let now = clock::now();
    if !idempotency::claim(tx, origin, now).await? {
        return Ok(None);
    }
    fresh_key::hold_caller(tx, origin.actor, now).await?;
    let created = create(context, tx, Grantor { tenant: origin.tenant, scopes }, request, origin.actor, now).await?;
    let answer = render(&created)?;
    idempotency::store(context, tx, origin, &created.withheld_from(&answer)).await?;
    Ok(Some(answer))
}

async fn create(
    context: &Context,
    tx: &mut TenantTx,
    grantor: Grantor<'_>,
    request: ApiKeyRequest,
    actor: Actor,
    now: Timestamp,
) -> Result<FreshKey, CommandError> {
    let tenant = grantor.tenant;
    let id = fresh_key::fresh_id(tenant, &mut IdsAt::new(now));
    let key = request.parse(id, grantor, now).map_err(CommandError::Invalid)?;
    let fresh = FreshKey::create(context, tx, key).await?;
    let detail = json!({ "scopes": fresh.key.scopes, "expires_at": fresh.key.expires_at });
    audit::record(tx, Done { tenant, actor, action: AuditAction::KeyCreated, subject: &id.to_string(), detail }, now).await?;
    Ok(fresh)
}
