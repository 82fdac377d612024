//! Create a tenant with its first key: over HTTP for an operator, or at the command line for whoever runs the service.

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
        api_key::ApiKey,
        audit::AuditAction,
        ids::{NewIds, TenantId},
        permissions::Permission,
        tenant::{Tenant, TenantRequest},
        timestamp::Timestamp,
    },
};

/// What people read in the list of keys.
const FIRST_KEY_NAME: &str = "first key";

/// A new tenant and what it needs to call us.
#[derive(Debug)]
pub struct CreatedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Its first key, which may do everything that a tenant may.
    pub first_key: FreshKey,
}

/// Creates it once for each key of the operator's.
///
/// # Errors
/// [`CommandError::Invalid`] with everything that is wrong; [`CommandError::IdempotencyKeyReused`],
/// [`CommandError::IdempotencyInProgress`]; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    request: &TenantRequest,
    render: Render<'_, CreatedTenant>,
) -> Result<Executed, CommandError> {
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = claimed(context, &mut tx, origin, request, render).await;
    idempotency::settle(context, tx, origin, outcome).await
}

/// Creates it without a claim, for somebody who sees at once what came of it.
///
/// # Errors
/// [`CommandError::Invalid`] with everything that is wrong; a store's failures.
pub async fn at_command_line(context: &Context, request: &TenantRequest) -> Result<CreatedTenant, CommandError> {
    let now = clock::now();
    let tenant = parse(request, now)?;
    let mut tx = TenantTx::begin(&context.database, tenant.id).await?;
    let created = create(context, &mut tx, tenant, Actor::CommandLine, now).await;
    match created {
        Ok(created) => tx.commit().await.map(|()| created).map_err(Into::into),
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

/// The claim and the answer are the operator's, the rows between are the new tenant's.
async fn claimed(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    request: &TenantRequest,
    render: Render<'_, CreatedTenant>,
) -> Result<Option<Answer>, CommandError> {
    let now = clock::now();
    if !idempotency::claim(tx, origin, now).await? {
        return Ok(None);
    }
    let tenant = parse(request, now)?;
    tx.act_for(tenant.id).await?;
    let created = create(context, tx, tenant, origin.actor, now).await?;
    tx.act_for(origin.tenant).await?;
    let answer = render(&created)?;
    idempotency::store(context, tx, origin, &created.first_key.withheld_from(&answer)).await?;
    Ok(Some(answer))
}

fn parse(request: &TenantRequest, now: Timestamp) -> Result<Tenant, CommandError> {
    let id = TenantId::new(IdsAt::new(now).next_uuid());
    Tenant::parse(request, id, now).map_err(CommandError::Invalid)
}

/// Writes the tenant, its first key and the trail of both, in a transaction that acts for the tenant.
async fn create(context: &Context, tx: &mut TenantTx, tenant: Tenant, actor: Actor, now: Timestamp) -> Result<CreatedTenant, CommandError> {
    tenants::tenant_create(tx, &tenant).await?;
    let key = ApiKey {
        id: fresh_key::fresh_id(tenant.id, &mut IdsAt::new(now)),
        name: FIRST_KEY_NAME.to_owned(),
        scopes: Permission::OF_TENANTS.to_vec(),
        created_at: now,
        expires_at: None,
        revoked_at: None,
    };
    let first_key = FreshKey::create(context, tx, key).await?;
    let detail = json!({ "policy": tenant.policy, "first_key": first_key.key.id });
    let subject = tenant.id.to_string();
    audit::record(tx, Done { tenant: tenant.id, actor, action: AuditAction::TenantCreated, subject: &subject, detail }, now).await?;
    Ok(CreatedTenant { tenant, first_key })
}
