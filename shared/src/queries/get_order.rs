//! One order, whole.

use std::sync::Arc;

use moka::future::Cache as Memory;

use super::{Database, QueryError};
use crate::{
    db::{TenantTx, orders},
    domain::{
        ids::{OrderId, TenantId},
        order::Order,
    },
};

/// Orders that are being read at once and shared by those who wait; beyond it some are read twice.
const SHARED_MAX: u64 = 10_000;

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

/// Reads under way. Whoever asks for an order that is just being read waits for that, so that a thousand readers of a popular order, whose
/// view has just run out, cost PostgreSQL one look. Nothing is remembered beyond the read. Cheap to clone.
#[derive(Clone)]
pub struct SharedReads(Memory<(TenantId, OrderId), Arc<Order>>);

impl Default for SharedReads {
    fn default() -> Self {
        Self(Memory::new(SHARED_MAX))
    }
}

impl SharedReads {
    /// Reads it, or waits for who does; by itself if what comes of that is older than `min_version`, because that read had begun before
    /// the change that the caller knows of.
    ///
    /// # Errors
    /// As for [`execute`].
    pub async fn execute(&self, database: &Database, tenant: TenantId, order: OrderId, min_version: u64) -> Result<Arc<Order>, QueryError> {
        let key = (tenant, order);
        let mut is_own = false;
        let read = async {
            is_own = true;
            execute(database, tenant, order).await.map(Arc::new)
        };
        let shared = self.0.try_get_with(key, read).await;
        self.0.invalidate(&key).await;
        match shared {
            Ok(order) if is_own || order.version >= min_version => Ok(order),
            Ok(_) => execute(database, tenant, order).await.map(Arc::new),
            Err(error) => Err(QueryError::shared(error)),
        }
    }
}
