//! Order numbers, taken from the database in blocks.

use super::{Error, TenantTx};
use crate::domain::ids::TenantId;

/// Takes a block of numbers and returns its first.
///
/// # Errors
/// Any [`Error`].
pub async fn order_number_allot(tx: &mut TenantTx, tenant: TenantId, block: i64) -> Result<i64, Error> {
    let (first,): (i64,) =
        sqlx::query_as(include_str!("order_number_allot.sql")).bind(tenant.uuid()).bind(block).fetch_one(tx.connection()).await?;
    Ok(first)
}
