//! The audit trail of administrative actions: written with their effect, never changed. Nothing here reads it.

use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Error, TenantTx};
use crate::domain::{actor::Actor, audit::AuditAction, ids::TenantId, timestamp::Timestamp};

/// One action.
#[derive(Debug)]
pub struct AuditRow<'a> {
    /// Whose trail it is in: the tenant it was done to.
    pub tenant: TenantId,
    /// Fresh.
    pub id: Uuid,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// To what: an id.
    pub subject: &'a str,
    /// What changed; never a secret, never personal data.
    pub detail: &'a Value,
    /// When.
    pub now: Timestamp,
}

/// Records it.
///
/// # Errors
/// Any [`Error`].
pub async fn audit_insert(tx: &mut TenantTx, row: &AuditRow<'_>) -> Result<(), Error> {
    sqlx::query(include_str!("audit_insert.sql"))
        .bind(row.tenant.uuid())
        .bind(row.id)
        .bind(row.actor.to_string())
        .bind(row.action.as_str())
        .bind(row.subject)
        .bind(Json(row.detail))
        .bind(row.now.to_jiff().to_sqlx())
        .execute(tx.connection())
        .await?;
    Ok(())
}
