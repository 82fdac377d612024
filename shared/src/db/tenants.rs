//! Tenants.

use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Error, TenantTx};
use crate::domain::{ids::TenantId, permissions::Permission, policy::TenantPolicy, timestamp::Timestamp};

/// A tenant to create, with its first key.
#[derive(Debug)]
pub struct NewTenantRow<'a> {
    /// Its id.
    pub tenant: TenantId,
    /// For people.
    pub name: &'a str,
    /// What it has agreed to.
    pub policy: &'a TenantPolicy,
    /// Id of its first key.
    pub key: Uuid,
    /// Name of its first key.
    pub key_name: &'a str,
    /// What that key may do.
    pub scopes: &'a [Permission],
    /// Its sealed secret.
    pub secret_sealed: &'a [u8],
    /// When.
    pub now: Timestamp,
}

/// Whether a tenant exists.
///
/// # Errors
/// Any [`Error`].
pub async fn tenant_exists(tx: &mut TenantTx, tenant: TenantId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(include_str!("tenant_exists.sql")).bind(tenant.uuid()).fetch_one(tx.connection()).await?)
}

/// Creates a tenant with its first key.
///
/// # Errors
/// Any [`Error`].
pub async fn tenant_create(tx: &mut TenantTx, row: &NewTenantRow<'_>) -> Result<(), Error> {
    let scopes: Vec<&str> = row.scopes.iter().map(|scope| scope.as_str()).collect();
    sqlx::query(include_str!("tenant_create.sql"))
        .bind(row.tenant.uuid())
        .bind(row.name)
        .bind(Json(row.policy))
        .bind(row.now.to_jiff().to_sqlx())
        .bind(row.key)
        .bind(row.key_name)
        .bind(scopes)
        .bind(row.secret_sealed)
        .execute(tx.connection())
        .await?;
    Ok(())
}
