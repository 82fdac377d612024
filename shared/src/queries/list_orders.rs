//! A page of a tenant's orders.

use super::{Database, OrderFilter, OrderSummary, QueryError};
use crate::{
    db::{TenantTx, orders},
    domain::ids::TenantId,
};

/// Reads the newest orders that fit, so many at most.
///
/// # Errors
/// A store's failures.
pub async fn execute(database: &Database, tenant: TenantId, filter: &OrderFilter, limit: i64) -> Result<Vec<OrderSummary>, QueryError> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let page = orders::order_list_page(&mut tx, tenant, filter, limit).await;
    tx.rollback().await;
    Ok(page?)
}
