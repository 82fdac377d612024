//! Writes down what was refused, so that it may be acknowledged: one row, one transaction, sealed.

use std::time::Duration;

use super::{
    incoming::Message,
    outcome::{DeadClass, Rejection},
    preview,
};
use crate::{
    backoff::jittered,
    chaos::{self, CrashPoint},
    clock::{self, IdsAt},
    commands::Context,
    db::{
        self, TenantTx,
        dead_letters::{DeadLetter, dead_letter_insert},
        deferred_messages::{DeferredClass, DeferredMessage, deferred_message_upsert},
        tenants::tenant_exists,
    },
    domain::{
        ids::{NewIds as _, TenantId},
        timestamp::Timestamp,
    },
    secrets::row_aad,
};

/// A message to be tried again is due after this time, jittered; `retry-deferred-messages` takes longer steps from there.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// A parked message waits this long for its order to appear; then it is dead.
const PARKED_SECONDS: i64 = 72 * 3_600;

/// Files a refused message and answers what it came to: one of a tenant that we do not have is dead, whatever it was refused for. A
/// repeat of a deferred one counts an attempt; a repeat of a dead one is a second row.
///
/// # Errors
/// Any [`db::Error`]: then it must not be acknowledged.
pub(super) async fn file(context: &Context, consumer: &str, message: &Message, rejection: Rejection) -> Result<Rejection, db::Error> {
    // A handler that cannot reach PostgreSQL leaves nothing that could be written.
    if matches!(rejection, Rejection::StoreAway { .. }) {
        return Ok(rejection);
    }
    let tenant = known_tenant(context, message).await?;
    let rejection = match (message.tenant, tenant) {
        (Some(_), None) => Rejection::dead(DeadClass::UnknownTenant, "there is no such tenant"),
        _ => rejection,
    };
    match &rejection {
        Rejection::Retry { reason } => {
            let now = clock::now();
            let delay = i64::try_from(jittered(RETRY_DELAY).as_micros()).unwrap_or(i64::MAX);
            let due_at = Timestamp::from_microsecond(now.as_microsecond().saturating_add(delay));
            defer(context, consumer, message, DeferredClass::Retry, reason, due_at).await?;
        }
        Rejection::Park { reason } => {
            let due_at = clock::now().plus_seconds(PARKED_SECONDS);
            defer(context, consumer, message, DeferredClass::Parked, reason, due_at).await?;
        }
        Rejection::Dead { class, reason } => bury(context, consumer, message, tenant, (*class, reason)).await?,
        Rejection::StoreAway { .. } => {}
    }
    Ok(rejection)
}

/// The tenant that a message names, if there is one of that id.
async fn known_tenant(context: &Context, message: &Message) -> Result<Option<TenantId>, db::Error> {
    let Some(tenant) = message.tenant else { return Ok(None) };
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    let exists = tenant_exists(&mut tx, tenant).await;
    tx.rollback().await;
    Ok(exists?.then_some(tenant))
}

async fn defer(
    context: &Context,
    consumer: &str,
    message: &Message,
    class: DeferredClass,
    reason: &str,
    due_at: Timestamp,
) -> Result<(), db::Error> {
    let (Some(event), Some(tenant)) = (&message.event, message.tenant) else {
        // Only a message that a function has seen can be deferred, and a function sees none without an event and a tenant.
        return bury(context, consumer, message, message.tenant, (DeadClass::Malformed, reason)).await;
    };
    let now = clock::now();
    let id = IdsAt::new(now).next_uuid();
    let sealed = context.keyring.seal(&row_aad("deferred_messages", tenant, &id.to_string()), &message.body);
    let row = DeferredMessage {
        tenant,
        id,
        consumer,
        source: &event.source,
        message_id: &event.id,
        r#type: &event.r#type,
        order: message.order(),
        class,
        reason,
        body_sealed: &sealed,
        due_at,
    };
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    deferred_message_upsert(&mut tx, &row, now).await?;
    commit(tx).await
}

async fn bury(
    context: &Context,
    consumer: &str,
    message: &Message,
    tenant: Option<TenantId>,
    (class, reason): (DeadClass, &str),
) -> Result<(), db::Error> {
    let now = clock::now();
    let id = IdsAt::new(now).next_uuid();
    // What names no tenant is the operator's to look at.
    let owner = tenant.unwrap_or(TenantId::OPERATOR);
    let sealed = context.keyring.seal(&row_aad("dead_letters", owner, &id.to_string()), &message.body);
    let preview = preview::masked(&message.body);
    let event = message.event.as_ref();
    let row = DeadLetter {
        id,
        tenant,
        consumer,
        source: event.map(|event| event.source.as_str()),
        message_id: event.map(|event| event.id.as_str()),
        r#type: event.map(|event| event.r#type.as_str()),
        reason_class: class.as_str(),
        reason,
        preview: &preview,
        body_sealed: &sealed,
    };
    let mut tx = TenantTx::begin(&context.database, owner).await?;
    dead_letter_insert(&mut tx, &row, now).await?;
    commit(tx).await
}

async fn commit(tx: TenantTx) -> Result<(), db::Error> {
    chaos::point(CrashPoint::FilingBeforeCommit);
    tx.commit().await?;
    chaos::point(CrashPoint::FilingAfterCommit);
    Ok(())
}
