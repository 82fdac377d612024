//! Writes down what was refused, so that it may be acknowledged: one row, one transaction, sealed.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{incoming::Message, outcome::Rejection, preview};
use crate::{
    backoff::jittered,
    chaos::{self, CrashPoint},
    clock::{self, IdsAt},
    commands::Context,
    db::{
        self, TenantTx,
        dead_letters::{self, DeadLetter, dead_letter_insert},
        deferred_messages::{
            self, DeferredMessage, DueMessage, deferred_message_delete, deferred_message_reschedule, deferred_message_upsert,
        },
        tenants::tenant_exists,
    },
    domain::{
        dead_letter::{DeadClass, LETTER_REASON_MAX},
        deferral::{Deferral, DeferredClass},
        ids::{NewIds as _, TenantId},
        timestamp::Timestamp,
    },
    secrets::row_aad,
};

/// Files a message that its carrier brought and its consumer refused, and answers what it came to: one of a tenant that we do not have is
/// dead, whatever it was refused for. A repeat of a deferred one changes nothing but that it is due at once; a repeat of a dead one is
/// counted on its letter while that is open, and a new letter afterwards.
///
/// # Errors
/// Any [`db::Error`]: then it must not be acknowledged.
pub(super) async fn file(context: &Context, message: &Message, rejection: Rejection) -> Result<Rejection, db::Error> {
    // A handler that cannot reach PostgreSQL leaves nothing that could be written.
    if matches!(rejection, Rejection::StoreAway { .. }) {
        return Ok(rejection);
    }
    let tenant = known_tenant(context, message).await?;
    let rejection = match (message.tenant, tenant) {
        (Some(_), None) if !is_killer(&rejection) => Rejection::dead(DeadClass::UnknownTenant, "there is no such tenant"),
        _ => rejection,
    };
    // What names no tenant is the operator's to look at.
    let mut tx = TenantTx::begin(&context.database, tenant.unwrap_or(TenantId::OPERATOR)).await?;
    match &rejection {
        Rejection::Retry { reason } => defer(context, &mut tx, message, DeferredClass::Retry, reason).await?,
        Rejection::Park { reason } => defer(context, &mut tx, message, DeferredClass::Parked, reason).await?,
        Rejection::Dead { class, reason } => bury(context, &mut tx, message, tenant, (*class, reason)).await?,
        Rejection::StoreAway { .. } => {}
    }
    chaos::point(CrashPoint::FilingBeforeCommit);
    tx.commit().await?;
    chaos::point(CrashPoint::FilingAfterCommit);
    Ok(rejection)
}

/// Files a deferred message that was refused once more, and answers what it came to: it goes on waiting, or it is dead and no longer
/// deferred.
///
/// # Errors
/// Any [`db::Error`]: then it is due again when its lease is over.
pub(super) async fn file_again(
    context: &Context,
    message: &Message,
    deferred: &DueMessage,
    rejection: Rejection,
) -> Result<Rejection, db::Error> {
    let (class, exhausted) = match &rejection {
        Rejection::Retry { .. } => (DeferredClass::Retry, DeadClass::Exhausted),
        Rejection::Park { .. } => (DeferredClass::Parked, DeadClass::NeverKnown),
        Rejection::Dead { class, reason } => return end(context, message, deferred, *class, reason).await,
        Rejection::StoreAway { .. } => return Ok(rejection),
    };
    let (now, deferral) = (clock::now(), deferred.deferral.again(class));
    let Some(pause) = deferral.pause_seconds(now) else {
        return end(context, message, deferred, exhausted, rejection.reason()).await;
    };
    let mut tx = TenantTx::begin(&context.database, deferred.tenant).await?;
    deferred_message_reschedule(&mut tx, deferred, deferral, rejection.reason(), after(now, pause)).await?;
    tx.commit().await?;
    Ok(rejection)
}

/// Deletes a deferred message that took effect, now or earlier.
///
/// # Errors
/// Any [`db::Error`]: then it is due again when its lease is over.
pub(super) async fn forget(context: &Context, deferred: &DueMessage) -> Result<(), db::Error> {
    let mut tx = TenantTx::begin(&context.database, deferred.tenant).await?;
    deferred_message_delete(&mut tx, deferred.tenant, deferred.id).await?;
    tx.commit().await
}

/// A deferred message becomes a dead letter, in one transaction.
async fn end(context: &Context, message: &Message, deferred: &DueMessage, class: DeadClass, reason: &str) -> Result<Rejection, db::Error> {
    let mut tx = TenantTx::begin(&context.database, deferred.tenant).await?;
    bury(context, &mut tx, message, Some(deferred.tenant), (class, reason)).await?;
    deferred_message_delete(&mut tx, deferred.tenant, deferred.id).await?;
    tx.commit().await?;
    Ok(Rejection::dead(class, reason))
}

/// Whether it is one that killed its consumer: that says more about it than whose it is.
const fn is_killer(rejection: &Rejection) -> bool {
    matches!(rejection, Rejection::Dead { class: DeadClass::KilledConsumer, .. })
}

/// The tenant that a message names, if there is one of that id.
async fn known_tenant(context: &Context, message: &Message) -> Result<Option<TenantId>, db::Error> {
    let Some(tenant) = message.tenant else { return Ok(None) };
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    let exists = tenant_exists(&mut tx, tenant).await;
    tx.rollback().await;
    Ok(exists?.then_some(tenant))
}

/// So many seconds from now, jittered: what was refused together does not come back together.
fn after(now: Timestamp, seconds: i64) -> Timestamp {
    let pause = jittered(Duration::from_secs(seconds.unsigned_abs()));
    Timestamp::from_microsecond(now.as_microsecond().saturating_add(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX)))
}

async fn defer(context: &Context, tx: &mut TenantTx, message: &Message, class: DeferredClass, reason: &str) -> Result<(), db::Error> {
    let (Some(event), Some(tenant)) = (&message.event, message.tenant) else {
        // Only a message that a function has seen can be deferred, and a function sees none without an event and a tenant.
        return bury(context, tx, message, message.tenant, (DeadClass::Malformed, reason)).await;
    };
    let now = clock::now();
    let id = IdsAt::new(now).next_uuid();
    let sealed = context.keyring.seal(&row_aad(deferred_messages::TABLE, tenant, &id.to_string()), &message.body);
    let row = DeferredMessage {
        tenant,
        id,
        consumer: message.consumer,
        source: &event.source,
        message_id: &event.id,
        r#type: &event.r#type,
        order: message.order(),
        class,
        reason,
        body_sealed: &sealed,
        due_at: after(now, Deferral::first(class, now).pause_seconds(now).unwrap_or(0)),
    };
    deferred_message_upsert(tx, &row, now).await
}

async fn bury(
    context: &Context,
    tx: &mut TenantTx,
    message: &Message,
    tenant: Option<TenantId>,
    (class, reason): (DeadClass, &str),
) -> Result<(), db::Error> {
    let now = clock::now();
    let id = IdsAt::new(now).next_uuid();
    let owner = tenant.unwrap_or(TenantId::OPERATOR);
    let sealed = context.keyring.seal(&row_aad(dead_letters::TABLE, owner, &id.to_string()), &message.body);
    let preview = preview::masked(&message.body);
    let event = message.event.as_ref();
    let row = DeadLetter {
        id,
        tenant,
        consumer: message.consumer,
        source: event.map(|event| event.source.as_str()),
        message_id: event.map(|event| event.id.as_str()),
        r#type: event.map(|event| event.r#type.as_str()),
        class,
        reason: reason.char_indices().nth(LETTER_REASON_MAX).map_or(reason, |(end, _)| &reason[..end]),
        preview: &preview,
        body_sealed: &sealed,
        body_digest: &Sha256::digest(&message.body),
    };
    dead_letter_insert(tx, &row, now).await
}
