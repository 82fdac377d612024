//! One order, whole.

use super::{Database, QueryError};
use crate::{
    db::{TenantTx, orders},
    domain::{
        ids::{OrderId, TenantId},
        order::Order,
    },
};

/// Reads it.
///
/// # Errors
/// [`QueryError::NotFound`] also for what is another tenant's.
pub async fn execute(database: &Database, tenant: TenantId, order: OrderId) -> Result<Order, QueryError> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let loaded = orders::order_load(&mut tx, tenant, order).await;
    tx.rollback().await;
    loaded?.ok_or(QueryError::NotFound)
}
