//! One tenant, for an operator.

use super::{Database, QueryError};
use crate::{
    db::{TenantTx, tenants},
    domain::{ids::TenantId, tenant::Tenant},
};

/// Reads it, behind its own wall.
///
/// # Errors
/// [`QueryError::NotFound`].
pub async fn execute(database: &Database, tenant: TenantId) -> Result<Tenant, QueryError> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let found = tenants::tenant_find(&mut tx, tenant).await;
    tx.rollback().await;
    found?.ok_or(QueryError::NotFound)
}
