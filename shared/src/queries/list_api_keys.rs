//! A page of a tenant's keys. Their secrets are not read.

use super::{Database, QueryError};
use crate::{
    db::{TenantTx, api_keys},
    domain::{
        api_key::ApiKey,
        ids::{KeyId, TenantId},
    },
};

/// Reads the newest keys older than `before`, so many at most; those that have ended are among them.
///
/// # Errors
/// A store's failures.
pub async fn execute(database: &Database, tenant: TenantId, before: Option<KeyId>, limit: i64) -> Result<Vec<ApiKey>, QueryError> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let page = api_keys::api_key_list_page(&mut tx, tenant, before.map(|id| id.key), limit).await;
    tx.rollback().await;
    Ok(page?)
}
