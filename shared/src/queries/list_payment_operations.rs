//! What a person must settle, over all tenants.

use super::{Database, QueryError};
use crate::{
    db::{TenantTx, payment_operations::payment_operation_list_unsettled},
    domain::ids::TenantId,
};

pub use crate::db::payment_operations::{UnsettledFilter, UnsettledOperation};

/// Reads the newest that fit the filter, so many at most: those of all tenants for the operator, and nobody else's for a tenant.
///
/// # Errors
/// A store's failures.
pub async fn execute(
    database: &Database,
    caller: TenantId,
    filter: &UnsettledFilter,
    limit: i64,
) -> Result<Vec<UnsettledOperation>, QueryError> {
    let tenant = if caller == TenantId::OPERATOR { filter.tenant } else { Some(caller) };
    let mut tx = TenantTx::begin(database, caller).await?;
    let page = payment_operation_list_unsettled(&mut tx, &UnsettledFilter { tenant, ..*filter }, limit).await;
    tx.rollback().await;
    Ok(page?)
}
