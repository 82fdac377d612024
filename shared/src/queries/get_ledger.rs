//! The books of one order.

use super::{Database, QueryError};
use crate::{
    db::{TenantTx, orders},
    domain::{
        ids::{OrderId, TenantId},
        payments::books::Books,
    },
};

/// Reads them, of one snapshot.
///
/// # Errors
/// [`QueryError::NotFound`] also for what is another tenant's.
pub async fn execute(database: &Database, tenant: TenantId, order: OrderId) -> Result<Books, QueryError> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let books = orders::order_ledger(&mut tx, tenant, order).await;
    tx.rollback().await;
    books?.ok_or(QueryError::NotFound)
}
