//! Tenants.

use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Error, TenantTx};
use crate::domain::{ids::TenantId, policy::TenantPolicy, tenant::Tenant};

type Row = (Uuid, String, String, Json<TenantPolicy>, i64, jiff_sqlx::Timestamp, jiff_sqlx::Timestamp);

/// Whether a tenant exists.
///
/// # Errors
/// Any [`Error`].
pub async fn tenant_exists(tx: &mut TenantTx, tenant: TenantId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(include_str!("tenant_exists.sql")).bind(tenant.uuid()).fetch_one(tx.connection()).await?)
}

/// A tenant, as a transaction sees it that is its own.
///
/// # Errors
/// Any [`Error`].
pub async fn tenant_find(tx: &mut TenantTx, tenant: TenantId) -> Result<Option<Tenant>, Error> {
    let row: Option<Row> = sqlx::query_as(include_str!("tenant_find.sql")).bind(tenant.uuid()).fetch_optional(tx.connection()).await?;
    row.map(read).transpose()
}

/// The same, locked to be changed.
///
/// # Errors
/// Any [`Error`]; a tenant that another transaction is changing is a lock timeout.
pub async fn tenant_lock(tx: &mut TenantTx, tenant: TenantId) -> Result<Option<Tenant>, Error> {
    let row: Option<Row> = sqlx::query_as(include_str!("tenant_lock.sql")).bind(tenant.uuid()).fetch_optional(tx.connection()).await?;
    row.map(read).transpose()
}

/// Creates a tenant.
///
/// # Errors
/// Any [`Error`].
pub async fn tenant_create(tx: &mut TenantTx, tenant: &Tenant) -> Result<(), Error> {
    write(tx, include_str!("tenant_create.sql"), tenant).await
}

/// Writes the next version of a tenant that this transaction has locked.
///
/// # Errors
/// Any [`Error`].
pub async fn tenant_update(tx: &mut TenantTx, tenant: &Tenant) -> Result<(), Error> {
    write(tx, include_str!("tenant_update.sql"), tenant).await
}

/// The ids of tenants that there are, in their order: those the transaction sees, or one; from this one on; so many at most.
///
/// # Errors
/// Any [`Error`].
pub async fn tenant_list(tx: &mut TenantTx, of: Option<TenantId>, from: Option<TenantId>, limit: i64) -> Result<Vec<TenantId>, Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar(include_str!("tenant_list.sql"))
        .bind(of.map(TenantId::uuid))
        .bind(from.map(TenantId::uuid))
        .bind(limit)
        .fetch_all(tx.connection())
        .await?;
    Ok(ids.into_iter().map(TenantId::new).collect())
}

async fn write(tx: &mut TenantTx, statement: &'static str, tenant: &Tenant) -> Result<(), Error> {
    sqlx::query(statement)
        .bind(tenant.id.uuid())
        .bind(&tenant.name)
        .bind(tenant.status.as_str())
        .bind(Json(&tenant.policy))
        .bind(tenant.version.cast_signed())
        .bind(tenant.updated_at.to_jiff().to_sqlx())
        .execute(tx.connection())
        .await?;
    Ok(())
}

fn read((id, name, status, Json(policy), version, created_at, updated_at): Row) -> Result<Tenant, Error> {
    Ok(Tenant {
        id: TenantId::new(id),
        name,
        status: status.parse().map_err(Error::unreadable)?,
        policy,
        version: version.cast_unsigned(),
        created_at: created_at.to_jiff().into(),
        updated_at: updated_at.to_jiff().into(),
    })
}
