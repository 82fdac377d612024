//! What a person does about dead letters: find those that are meant, read their messages, settle them.

use std::collections::BTreeSet;

use jiff_sqlx::ToSqlx;
use sqlx::FromRow;
use uuid::Uuid;

use super::choose;
use crate::{
    db::{Error, TenantTx},
    domain::{
        dead_letter::{DeadLetterFilter, DeadLetterState},
        ids::{DeadLetterId, TenantId},
        timestamp::Timestamp,
    },
};

/// Where a letter belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterPlace {
    /// The letter.
    pub id: DeadLetterId,
    /// Whose it is; nothing when it names no tenant that we knew, and then it is the operator's.
    pub tenant: Option<TenantId>,
}

/// A letter with its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLetter {
    /// The letter.
    pub id: DeadLetterId,
    /// The function that refused it, or that died of it.
    pub consumer: String,
    /// The message, sealed under `dead_letters`, the tenant (the operator for none) and `id`; nothing when it is too large to be an event.
    pub body_sealed: Option<Vec<u8>>,
}

/// Where these letters belong and what became of each, of one tenant or of any that the transaction sees.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_find(
    tx: &mut TenantTx,
    ids: &[DeadLetterId],
    of: Option<TenantId>,
) -> Result<Vec<(LetterPlace, DeadLetterState)>, Error> {
    let rows: Vec<(Uuid, Option<Uuid>, String)> = sqlx::query_as(include_str!("dead_letter_find.sql"))
        .bind(uuids(ids))
        .bind(of.map(TenantId::uuid))
        .fetch_all(tx.connection())
        .await?;
    rows.into_iter().map(|(id, tenant, state)| Ok((place((id, tenant)), state.parse().map_err(Error::unreadable)?))).collect()
}

/// Where the open letters belong that fit, the oldest first, so many at most: of one tenant if the filter names one, else of all that the
/// transaction sees.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_find_open(tx: &mut TenantTx, filter: &DeadLetterFilter, limit: i64) -> Result<Vec<LetterPlace>, Error> {
    let chosen = choose(include_str!("dead_letter_find_open.sql"), filter, DeadLetterState::Open, filter.after, limit);
    let rows = chosen.fetch_all(tx.connection()).await?;
    rows.iter().map(|row| Ok(place(FromRow::from_row(row)?))).collect()
}

/// The open ones of these letters, with their messages if those have at most so many bytes. In a transaction of whoever they belong to.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_read(
    tx: &mut TenantTx,
    ids: &[DeadLetterId],
    of: Option<TenantId>,
    sealed_max_len: i32,
) -> Result<Vec<SealedLetter>, Error> {
    let rows: Vec<(Uuid, String, Option<Vec<u8>>)> = sqlx::query_as(include_str!("dead_letter_read.sql"))
        .bind(uuids(ids))
        .bind(of.map(TenantId::uuid))
        .bind(sealed_max_len)
        .fetch_all(tx.connection())
        .await?;
    let letter = |(id, consumer, body_sealed)| SealedLetter { id: DeadLetterId::new(id), consumer, body_sealed };
    Ok(rows.into_iter().map(letter).collect())
}

/// Settles the open ones of these letters and answers which those were. In a transaction of whoever they belong to.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_settle(
    tx: &mut TenantTx,
    ids: &[DeadLetterId],
    of: Option<TenantId>,
    state: DeadLetterState,
    now: Timestamp,
) -> Result<BTreeSet<DeadLetterId>, Error> {
    let settled: Vec<Uuid> = sqlx::query_scalar(include_str!("dead_letter_settle.sql"))
        .bind(uuids(ids))
        .bind(of.map(TenantId::uuid))
        .bind(state.as_str())
        .bind(now.to_jiff().to_sqlx())
        .fetch_all(tx.connection())
        .await?;
    Ok(settled.into_iter().map(DeadLetterId::new).collect())
}

fn place((id, tenant): (Uuid, Option<Uuid>)) -> LetterPlace {
    LetterPlace { id: DeadLetterId::new(id), tenant: tenant.map(TenantId::new) }
}

fn uuids(ids: &[DeadLetterId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}
