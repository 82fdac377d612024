//! Who changed an order, when and why.

use super::{Database, HistoryRow, QueryError};
use crate::{
    db::{TenantTx, orders},
    domain::ids::{OrderId, TenantId},
};

/// Reads the versions after one, oldest first, so many at most.
///
/// # Errors
/// [`QueryError::NotFound`] when the tenant has no such order.
pub async fn execute(
    database: &Database,
    tenant: TenantId,
    order: OrderId,
    after_version: i64,
    limit: i64,
) -> Result<Vec<HistoryRow>, QueryError> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let read = async {
        let rows = orders::order_history_list(&mut tx, tenant, order, after_version, limit).await?;
        let known = !rows.is_empty() || orders::order_exists(&mut tx, tenant, order).await?;
        Ok(known.then_some(rows))
    }
    .await;
    tx.rollback().await;
    read.map_err(|error: crate::db::Error| QueryError::from(error))?.ok_or(QueryError::NotFound)
}
