//! Messages to be tried again, or waiting for their order to appear: rows instead of broker queues, so that one road serves both.

use jiff_sqlx::ToSqlx;
use uuid::Uuid;

use super::{Error, TenantTx};
use crate::domain::{
    ids::{OrderId, TenantId},
    timestamp::Timestamp,
};

/// Why a message waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeferredClass {
    /// Something was in the way; it is tried again when it is due.
    Retry,
    /// Its order is not known yet; it is tried when the order appears, and dead when it is due.
    Parked,
}

impl DeferredClass {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Parked => "parked",
        }
    }
}

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
    /// When to try again (retry), or when to give up (parked).
    pub due_at: Timestamp,
}

/// Defers one message in the caller's transaction; repeating it counts an attempt.
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
