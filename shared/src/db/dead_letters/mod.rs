//! Messages that can never be applied: the sealed original with its reason, until a person replays or discards it.
//!
//! Filing is here; `listed` reads letters for a person, `settled` is for what that person does about them.

mod listed;
mod settled;

use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::{Postgres, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

pub use self::{
    listed::{Cause, Letter, dead_letter_list_causes, dead_letter_list_page},
    settled::{LetterPlace, SealedLetter, dead_letter_find, dead_letter_find_open, dead_letter_read, dead_letter_settle},
};
use super::{Database, Error, TenantTx};
use crate::domain::{
    dead_letter::{DeadClass, DeadLetterFilter, DeadLetterState},
    ids::{DeadLetterId, TenantId},
    timestamp::Timestamp,
};

/// What the message of a letter is sealed for, with its tenant (the operator for none) and its id.
pub const TABLE: &str = "dead_letters";

/// Binds the ten parameters of the statements that choose letters: what must fit, then the letter at which the page before ended, and how
/// many rows.
fn choose<'q>(
    statement: &'static str,
    filter: &'q DeadLetterFilter,
    state: DeadLetterState,
    edge: Option<DeadLetterId>,
    limit: i64,
) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(filter.tenant_id.map(TenantId::uuid))
        .bind(state.as_str())
        .bind(filter.consumer.as_deref())
        .bind(filter.r#type.as_deref())
        .bind(filter.reason_class.map(DeadClass::as_str))
        .bind(filter.reason.as_deref())
        .bind(filter.created_from.map(|at| at.to_jiff().to_sqlx()))
        .bind(filter.created_to.map(|at| at.to_jiff().to_sqlx()))
        .bind(edge.map(DeadLetterId::uuid))
        .bind(limit)
}

/// One message to file.
#[derive(Debug)]
pub struct DeadLetter<'a> {
    /// Fresh.
    pub id: Uuid,
    /// `None`: the message names no tenant that we know; then the transaction is the operator's.
    pub tenant: Option<TenantId>,
    /// The function that refused it, or that died of it.
    pub consumer: &'a str,
    /// CloudEvents `source`, if it could be read.
    pub source: Option<&'a str>,
    /// CloudEvents `id`, if it could be read.
    pub message_id: Option<&'a str>,
    /// CloudEvents `type`, if it could be read.
    pub r#type: Option<&'a str>,
    /// By which operators group.
    pub class: DeadClass,
    /// One sentence; no value of the message.
    pub reason: &'a str,
    /// The message with every value masked.
    pub preview: &'a Value,
    /// The message, sealed under `dead_letters`, the tenant (the operator for none) and `id`.
    pub body_sealed: &'a [u8],
    /// SHA-256 of the message: the same bytes are the same letter while it is open.
    pub body_digest: &'a [u8],
}

/// Files one message in the caller's transaction, or counts it on the open letter of the same message.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_insert(tx: &mut TenantTx, letter: &DeadLetter<'_>, now: Timestamp) -> Result<(), Error> {
    sqlx::query(include_str!("dead_letter_insert.sql"))
        .bind(letter.id)
        .bind(letter.tenant.map(TenantId::uuid))
        .bind(letter.consumer)
        .bind(letter.source)
        .bind(letter.message_id)
        .bind(letter.r#type)
        .bind(letter.class.as_str())
        .bind(letter.reason)
        .bind(Json(letter.preview))
        .bind(letter.body_sealed)
        .bind(letter.body_digest)
        .bind(now.to_jiff().to_sqlx())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Deletes dead letters that were filed before a moment and did not die again since, the oldest first, `limit` at most: those that wait for
/// a person, or all others. Returns how many. Under a role that sees all tenants.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_delete_old(database: &Database, before: Timestamp, limit: i64, are_open: bool) -> Result<u64, Error> {
    let deleted = sqlx::query(include_str!("dead_letter_delete_old.sql"))
        .bind(before.to_jiff().to_sqlx())
        .bind(limit)
        .bind(are_open)
        .execute(database.system())
        .await?;
    Ok(deleted.rows_affected())
}
