//! API keys, with what authentication needs of their tenant.

use sqlx::types::Json;

use super::{Database, Error, TenantTx};
use crate::domain::{ids::KeyId, permissions::Permission, policy::TenantPolicy, timestamp::Timestamp};

/// A key as stored, with its tenant's standing.
#[derive(Debug, Clone)]
pub struct ApiKeyRecord {
    /// The HMAC secret, sealed; additional data: `api_keys`, tenant, key.
    pub secret_sealed: Vec<u8>,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// From then on it counts as unknown.
    pub expires_at: Option<Timestamp>,
    /// From then on it counts as unknown.
    pub revoked_at: Option<Timestamp>,
    /// The tenant may not act at all.
    pub tenant_suspended: bool,
    /// What the tenant has agreed to.
    pub policy: TenantPolicy,
}

type Row = (Vec<u8>, Vec<String>, Option<jiff_sqlx::Timestamp>, Option<jiff_sqlx::Timestamp>, bool, Json<TenantPolicy>);

/// The key of this id, looked up under the tenant that the id names.
///
/// # Errors
/// Any [`Error`]; an unknown key is `None`.
pub async fn api_key_find(database: &Database, id: KeyId) -> Result<Option<ApiKeyRecord>, Error> {
    let mut tx = TenantTx::begin(database, id.tenant).await?;
    let row: Option<Row> = sqlx::query_as(include_str!("api_key_find.sql")).bind(id.key).fetch_optional(tx.connection()).await?;
    tx.rollback().await;
    Ok(row.map(record))
}

fn record((secret_sealed, scopes, expires_at, revoked_at, tenant_suspended, Json(policy)): Row) -> ApiKeyRecord {
    ApiKeyRecord {
        secret_sealed,
        // A scope that this version does not know grants nothing.
        scopes: scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
        expires_at: expires_at.map(|at| at.to_jiff().into()),
        revoked_at: revoked_at.map(|at| at.to_jiff().into()),
        tenant_suspended,
        policy,
    }
}
