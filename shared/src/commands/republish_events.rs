//! Send events of ours again, with the ids and the bytes that they had: for whoever lost them, or began to listen too late.

use uuid::Uuid;

use super::{
    Answer, CommandError, Context, Executed, Origin, Render,
    audit::{self, Done},
    idempotency,
};
use crate::{
    clock::{self, IdsAt},
    db::{
        TenantTx,
        outbox::{Republished, outbox_republish},
        tenants::tenant_list,
    },
    domain::{
        audit::AuditAction,
        ids::{EventId, NewIds as _, TenantId},
        republish::{EVENTS_MAX, EventPosition, Republish, RepublishRequest},
        timestamp::Timestamp,
    },
};

/// Tenants that one call goes through; those beyond them are left to the next call.
const TENANTS_MAX: usize = 500;
/// Behind every event of a tenant.
const LAST: EventId = EventId::new(Uuid::max());

/// What came of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resent {
    /// Events that are sent again.
    pub count: usize,
    /// Where the call ended, if more events match.
    pub next_after: Option<EventPosition>,
}

/// Sends them again, once for each key. Only what was published before is; the relay does it, and this wakes it.
///
/// # Errors
/// [`CommandError::Invalid`]; the errors of the key; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    request: &RepublishRequest,
    render: Render<'_, Resent>,
) -> Result<Executed, CommandError> {
    let republish = Republish::parse(request).map_err(CommandError::Invalid)?;
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = claimed(context, &mut tx, origin, &republish, render).await;
    let executed = idempotency::settle(context, tx, origin, outcome).await?;
    if !executed.replayed {
        context.waker.wake();
    }
    Ok(executed)
}

async fn claimed(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    republish: &Republish,
    render: Render<'_, Resent>,
) -> Result<Option<Answer>, CommandError> {
    let now = clock::now();
    if !idempotency::claim(tx, origin, now).await? {
        return Ok(None);
    }
    let resent = resend(tx, origin, republish, now).await?;
    let answer = render(&resent)?;
    tx.act_for(origin.tenant).await?;
    idempotency::store(context, tx, origin, &answer).await?;
    Ok(Some(answer))
}

/// Goes through the tenants, each behind its own wall, until enough is sent.
async fn resend(tx: &mut TenantTx, origin: &Origin, republish: &Republish, now: Timestamp) -> Result<Resent, CommandError> {
    let of = if origin.tenant == TenantId::OPERATOR { republish.tenant } else { Some(origin.tenant) };
    let limit = i64::try_from(TENANTS_MAX + 1).unwrap_or(i64::MAX);
    let mut tenants = tenant_list(tx, of, republish.after.map(|after| after.tenant_id), limit).await?;
    let beyond = tenants.len() > TENANTS_MAX;
    tenants.truncate(TENANTS_MAX);
    let mut resent = Resent::default();
    for (place, tenant) in tenants.iter().copied().enumerate() {
        tx.act_for(tenant).await?;
        let after = republish.after.filter(|after| after.tenant_id == tenant).map(|after| after.event_id);
        let mut ids = IdsAt::new(now);
        let fresh: Vec<Uuid> = (resent.count..EVENTS_MAX).map(|_| ids.next_uuid()).collect();
        let Republished { count, last, more } = outbox_republish(tx, tenant, republish, after, &fresh, now).await?;
        if count > 0 {
            let (subject, detail) = (tenant.to_string(), republish.detail(count));
            let action = AuditAction::EventsRepublished;
            audit::record(tx, Done { tenant, actor: origin.actor, action, subject: &subject, detail }, now).await?;
        }
        resent.count += count;
        let has_next = beyond || place + 1 < tenants.len();
        if more {
            resent.next_after = Some(EventPosition { tenant_id: tenant, event_id: last.unwrap_or(LAST) });
            break;
        }
        if has_next && (resent.count == EVENTS_MAX || place + 1 == tenants.len()) {
            resent.next_after = Some(EventPosition { tenant_id: tenant, event_id: LAST });
            break;
        }
    }
    Ok(resent)
}
