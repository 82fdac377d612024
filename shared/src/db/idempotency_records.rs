//! Stored answers of idempotency keys.

use jiff_sqlx::ToSqlx;

use super::{Database, Error, TenantTx};
use crate::domain::{ids::TenantId, timestamp::Timestamp};

/// A key to claim, with what its request was.
#[derive(Debug, Clone, Copy)]
pub struct ClaimRow<'a> {
    /// The function called.
    pub function: &'a str,
    /// The caller's key.
    pub key: &'a str,
    /// SHA-256 of the request.
    pub fingerprint: &'a [u8],
    /// When.
    pub now: Timestamp,
}

/// Claims a key, reading nothing else. False: it is taken.
///
/// # Errors
/// Any [`Error`]; a claim that another transaction holds is a lock timeout.
pub async fn idempotency_record_claim(tx: &mut TenantTx, tenant: TenantId, row: &ClaimRow<'_>) -> Result<bool, Error> {
    let claimed: Option<bool> = sqlx::query_scalar(include_str!("idempotency_record_claim.sql"))
        .bind(tenant.uuid())
        .bind(row.function)
        .bind(row.key)
        .bind(row.fingerprint)
        .bind(row.now.to_jiff().to_sqlx())
        .fetch_optional(tx.connection())
        .await?;
    Ok(claimed.is_some())
}

/// Stores the sealed answer of a key that this transaction has claimed.
///
/// # Errors
/// Any [`Error`].
pub async fn idempotency_record_answer(
    tx: &mut TenantTx,
    tenant: TenantId,
    function: &str,
    key: &str,
    answer_sealed: &[u8],
) -> Result<(), Error> {
    sqlx::query(include_str!("idempotency_record_answer.sql"))
        .bind(tenant.uuid())
        .bind(function)
        .bind(key)
        .bind(answer_sealed)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// A key that has taken effect.
#[derive(Debug)]
pub struct AnsweredRow {
    /// SHA-256 of its request.
    pub fingerprint: Vec<u8>,
    /// Its sealed answer.
    pub answer_sealed: Vec<u8>,
    /// When.
    pub created_at: Timestamp,
}

/// The record of a key that has taken effect.
///
/// # Errors
/// Any [`Error`].
pub async fn idempotency_record_find(tx: &mut TenantTx, tenant: TenantId, function: &str, key: &str) -> Result<Option<AnsweredRow>, Error> {
    let row: Option<(Vec<u8>, Vec<u8>, jiff_sqlx::Timestamp)> = sqlx::query_as(include_str!("idempotency_record_find.sql"))
        .bind(tenant.uuid())
        .bind(function)
        .bind(key)
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.map(|(fingerprint, answer_sealed, at)| AnsweredRow { fingerprint, answer_sealed, created_at: at.to_jiff().into() }))
}

/// Deletes records that were made before a moment, the oldest first, `limit` at most. Returns how many. Under a role that sees all tenants.
///
/// # Errors
/// Any [`Error`].
pub async fn idempotency_record_delete_old(database: &Database, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let deleted = sqlx::query(include_str!("idempotency_record_delete_old.sql"))
        .bind(before.to_jiff().to_sqlx())
        .bind(limit)
        .execute(database.system())
        .await?;
    Ok(deleted.rows_affected())
}
