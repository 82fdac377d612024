//! Stored answers of idempotency keys.

use super::{Error, TenantTx};
use crate::domain::ids::TenantId;

/// The fingerprint and the sealed answer of a key that has taken effect.
///
/// # Errors
/// Any [`Error`].
pub async fn idempotency_record_find(
    tx: &mut TenantTx,
    tenant: TenantId,
    function: &str,
    key: &str,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, Error> {
    Ok(sqlx::query_as(include_str!("idempotency_record_find.sql"))
        .bind(tenant.uuid())
        .bind(function)
        .bind(key)
        .fetch_optional(tx.connection())
        .await?)
}
