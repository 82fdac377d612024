//! The finding half of every deadline: due timers of all tenants, leased. Setting and clearing one is part of the change that asks for
//! it (`order_save.sql`), in the tenant's own transaction.

use jiff_sqlx::ToSqlx;
use uuid::Uuid;

use super::{Database, Error, TenantTx};
use crate::domain::{
    ids::TenantId,
    order::draft::{Timer, TimerKind},
    timestamp::Timestamp,
};

/// A timer that is due and leased to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimer {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which.
    pub timer: Timer,
    /// How often it was due before without an end: whoever sets it anew counts.
    pub attempts: u32,
}

/// Leases due timers of one kind until `lease_end`, `limit` at most, the longest overdue first. Under a role that sees all tenants.
///
/// # Errors
/// Any [`Error`].
pub async fn timer_claim_due(
    database: &Database,
    kind: TimerKind,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
) -> Result<Vec<DueTimer>, Error> {
    let rows: Vec<(Uuid, Uuid, i32)> = sqlx::query_as(include_str!("timer_claim_due.sql"))
        .bind(kind.as_str())
        .bind(now.to_jiff().to_sqlx())
        .bind(lease_end.to_jiff().to_sqlx())
        .bind(limit)
        .fetch_all(database.system())
        .await?;
    let due = |(tenant, subject, attempts)| DueTimer {
        tenant: TenantId::new(tenant),
        timer: Timer { kind, subject },
        attempts: u32::try_from(attempts).unwrap_or(0),
    };
    Ok(rows.into_iter().map(due).collect())
}

/// Clears a timer whose subject does not exist.
///
/// # Errors
/// Any [`Error`].
pub async fn timer_clear(tx: &mut TenantTx, tenant: TenantId, timer: Timer) -> Result<(), Error> {
    sqlx::query(include_str!("timer_clear.sql"))
        .bind(tenant.uuid())
        .bind(timer.kind.as_str())
        .bind(timer.subject)
        .execute(tx.connection())
        .await?;
    Ok(())
}
