//! API keys: their sealed secrets with what authentication needs of their tenant, and without secrets for those who manage them.

use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Database, Error, TenantTx};
use crate::domain::{
    api_key::ApiKey,
    ids::{KeyId, TenantId},
    permissions::Permission,
    policy::TenantPolicy,
    timestamp::Timestamp,
};

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

type Found = (Vec<u8>, Vec<String>, Option<jiff_sqlx::Timestamp>, Option<jiff_sqlx::Timestamp>, bool, Json<TenantPolicy>);
type Row = (Uuid, String, Vec<String>, jiff_sqlx::Timestamp, Option<jiff_sqlx::Timestamp>, Option<jiff_sqlx::Timestamp>);

/// The key of this id, looked up under the tenant that the id names.
///
/// # Errors
/// Any [`Error`]; an unknown key is `None`.
pub async fn api_key_find(database: &Database, id: KeyId) -> Result<Option<ApiKeyRecord>, Error> {
    let mut tx = TenantTx::begin(database, id.tenant).await?;
    let row: Option<Found> = sqlx::query_as(include_str!("api_key_find.sql")).bind(id.key).fetch_optional(tx.connection()).await?;
    tx.rollback().await;
    Ok(row.map(record))
}

fn record((secret_sealed, scopes, expires_at, revoked_at, tenant_suspended, Json(policy)): Found) -> ApiKeyRecord {
    ApiKeyRecord {
        secret_sealed,
        scopes: known_scopes(&scopes),
        expires_at: expires_at.map(|at| at.to_jiff().into()),
        revoked_at: revoked_at.map(|at| at.to_jiff().into()),
        tenant_suspended,
        policy,
    }
}

/// Stores a new key with its sealed secret.
///
/// # Errors
/// Any [`Error`].
pub async fn api_key_create(tx: &mut TenantTx, key: &ApiKey, secret_sealed: &[u8]) -> Result<(), Error> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    sqlx::query(include_str!("api_key_create.sql"))
        .bind(key.id.tenant.uuid())
        .bind(key.id.key)
        .bind(&key.name)
        .bind(scopes)
        .bind(secret_sealed)
        .bind(key.created_at.to_jiff().to_sqlx())
        .bind(key.expires_at.map(|at| at.to_jiff().to_sqlx()))
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The key of this id, locked to be ended or to stay as it is.
///
/// # Errors
/// Any [`Error`]; a key that another transaction is ending is a lock timeout.
pub async fn api_key_lock(tx: &mut TenantTx, id: KeyId) -> Result<Option<ApiKey>, Error> {
    let query = sqlx::query_as(include_str!("api_key_lock.sql")).bind(id.tenant.uuid()).bind(id.key);
    let row: Option<Row> = query.fetch_optional(tx.connection()).await?;
    Ok(row.map(|row| api_key(id.tenant, row)))
}

/// Writes when a key ends that this transaction has locked.
///
/// # Errors
/// Any [`Error`].
pub async fn api_key_end(tx: &mut TenantTx, key: &ApiKey) -> Result<(), Error> {
    sqlx::query(include_str!("api_key_end.sql"))
        .bind(key.id.tenant.uuid())
        .bind(key.id.key)
        .bind(key.expires_at.map(|at| at.to_jiff().to_sqlx()))
        .bind(key.revoked_at.map(|at| at.to_jiff().to_sqlx()))
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// A tenant's keys, newest first, so many at most: those older than `before`.
///
/// # Errors
/// Any [`Error`].
pub async fn api_key_list_page(tx: &mut TenantTx, tenant: TenantId, before: Option<Uuid>, limit: i64) -> Result<Vec<ApiKey>, Error> {
    let query = sqlx::query_as(include_str!("api_key_list_page.sql")).bind(tenant.uuid()).bind(before).bind(limit);
    let rows: Vec<Row> = query.fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(|row| api_key(tenant, row)).collect())
}

fn api_key(tenant: TenantId, (key, name, scopes, created_at, expires_at, revoked_at): Row) -> ApiKey {
    ApiKey {
        id: KeyId { tenant, key },
        name,
        scopes: known_scopes(&scopes),
        created_at: created_at.to_jiff().into(),
        expires_at: expires_at.map(|at| at.to_jiff().into()),
        revoked_at: revoked_at.map(|at| at.to_jiff().into()),
    }
}

/// A scope that this version does not know grants nothing.
fn known_scopes(scopes: &[String]) -> Vec<Permission> {
    scopes.iter().filter_map(|scope| scope.parse().ok()).collect()
}
