//! Messages to be tried again, or waiting for their order to appear: rows instead of broker queues, so that one road serves both.

use jiff_sqlx::ToSqlx;
use uuid::Uuid;

use super::{Database, Error, TenantTx};
use crate::domain::{
    deferral::{Deferral, DeferredClass},
    ids::{OrderId, TenantId},
    timestamp::Timestamp,
};

/// What the body of a deferred message is sealed for, with its tenant and row.
pub const TABLE: &str = "deferred_messages";

/// One message to defer.
#[derive(Debug)]
pub struct DeferredMessage<'a> {
    /// Whose it is.
    pub tenant: TenantId,
    /// Fresh; a message that is deferred already keeps its own.
    pub id: Uuid,
    /// The function that will try again.
    pub consumer: &'a str,
    /// CloudEvents `source`.
    pub source: &'a str,
    /// CloudEvents `id`.
    pub message_id: &'a str,
    /// CloudEvents `type`.
    pub r#type: &'a str,
    /// The order it is about, if it names one.
    pub order: Option<OrderId>,
    /// Why it waits.
    pub class: DeferredClass,
    /// One sentence; no value of the message.
    pub reason: &'a str,
    /// The message, sealed under `deferred_messages`, the tenant and `id`.
    pub body_sealed: &'a [u8],
    /// When to try again.
    pub due_at: Timestamp,
}

/// A deferred message that is due and leased to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMessage {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its row.
    pub id: Uuid,
    /// The function that refused it.
    pub consumer: String,
    /// Why and since when it waits.
    pub deferral: Deferral,
    /// Tries since the last one that ended, this one included.
    pub tries: u32,
    /// The message, sealed under `deferred_messages`, the tenant and `id`.
    pub body_sealed: Vec<u8>,
    /// The end of the lease.
    pub lease_end: Timestamp,
}

/// Defers one message in the caller's transaction; one that is deferred already keeps its row and its schedule.
///
/// # Errors
/// Any [`Error`].
pub async fn deferred_message_upsert(tx: &mut TenantTx, message: &DeferredMessage<'_>, now: Timestamp) -> Result<(), Error> {
    sqlx::query(include_str!("deferred_message_upsert.sql"))
        .bind(message.tenant.uuid())
        .bind(message.id)
        .bind(message.consumer)
        .bind(message.source)
        .bind(message.message_id)
        .bind(message.r#type)
        .bind(message.order.map(OrderId::uuid))
        .bind(message.class.as_str())
        .bind(message.reason)
        .bind(message.body_sealed)
        .bind(now.to_jiff().to_sqlx())
        .bind(message.due_at.to_jiff().to_sqlx())
        .execute(tx.connection())
        .await?;
    Ok(())
}

type DueColumns = (Uuid, Uuid, String, String, i32, i32, Vec<u8>, jiff_sqlx::Timestamp);

/// Leases due messages until `lease_end`, `limit` at most, the longest overdue first, and counts a try of those that are for one of these
/// consumers: before it is made, because it may be the end of whoever makes it. Under a role that sees all tenants.
///
/// # Errors
/// Any [`Error`].
pub async fn deferred_message_claim_due(
    database: &Database,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
    consumers: &[&str],
) -> Result<Vec<DueMessage>, Error> {
    let rows: Vec<DueColumns> = sqlx::query_as(include_str!("deferred_message_claim_due.sql"))
        .bind(now.to_jiff().to_sqlx())
        .bind(lease_end.to_jiff().to_sqlx())
        .bind(limit)
        .bind(consumers)
        .fetch_all(database.system())
        .await?;
    let due = |(tenant, id, consumer, class, attempts, tries, body_sealed, created_at): DueColumns| {
        Ok(DueMessage {
            tenant: TenantId::new(tenant),
            id,
            consumer,
            deferral: Deferral {
                class: class.parse().map_err(Error::unreadable)?,
                attempts: u32::try_from(attempts).unwrap_or(0),
                since: created_at.to_jiff().into(),
            },
            tries: u32::try_from(tries).unwrap_or(0),
            body_sealed,
            lease_end,
        })
    };
    rows.into_iter().map(due).collect()
}

/// Puts a message that was refused once more off until `due_at`, unless it became due by itself while it was tried. `reason` is one
/// sentence without a value of the message.
///
/// # Errors
/// Any [`Error`].
pub async fn deferred_message_reschedule(
    tx: &mut TenantTx,
    message: &DueMessage,
    deferral: Deferral,
    reason: &str,
    due_at: Timestamp,
) -> Result<(), Error> {
    sqlx::query(include_str!("deferred_message_reschedule.sql"))
        .bind(message.tenant.uuid())
        .bind(message.id)
        .bind(deferral.class.as_str())
        .bind(reason)
        .bind(i32::try_from(deferral.attempts).unwrap_or(i32::MAX))
        .bind(due_at.to_jiff().to_sqlx())
        .bind(message.lease_end.to_jiff().to_sqlx())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Deletes a message that took effect or is dead.
///
/// # Errors
/// Any [`Error`].
pub async fn deferred_message_delete(tx: &mut TenantTx, tenant: TenantId, id: Uuid) -> Result<(), Error> {
    sqlx::query(include_str!("deferred_message_delete.sql")).bind(tenant.uuid()).bind(id).execute(tx.connection()).await?;
    Ok(())
}
