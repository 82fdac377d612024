//! The only way to open a transaction: one tenant, one deadline, and no way to leave it open.
//!
//! sqlx 0.9.0's own `begin()` is not cancel-safe: a dropped future can hand a connection back to the pool inside an open
//! transaction (transact-rs/sqlx #4385, #4393), and the next user's "committed" writes are lost with it. So this type owns the
//! connection, speaks BEGIN and COMMIT itself, and closes the connection unless PostgreSQL answered one of them.

use sqlx::{AssertSqlSafe, PgConnection, Postgres, pool::PoolConnection};

use super::{Database, Error};
use crate::{
    chaos::{self, PlantedBug},
    domain::ids::TenantId,
};

/// How long a statement of a transaction waits for a row lock before it gives up: then 409 `order_busy`.
const LOCK_TIMEOUT_MS: u32 = 1_000;
/// A statement of a transaction that runs longer is cancelled.
const STATEMENT_TIMEOUT_MS: u32 = 5_000;

/// An open transaction of one tenant. Dropped without [`commit`](Self::commit) or [`rollback`](Self::rollback), it closes its
/// connection, and PostgreSQL rolls back.
#[derive(Debug)]
pub struct TenantTx {
    connection: PoolConnection<Postgres>,
    settled: bool,
}

impl TenantTx {
    /// Opens the transaction: tenant and deadlines travel with BEGIN, in one round trip.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection is to be had.
    pub async fn begin(database: &Database, tenant: TenantId) -> Result<Self, Error> {
        let mut tx = Self { connection: database.system().acquire().await?, settled: false };
        let set_tenant = set_tenant(tenant);
        // The tenant is a UUID and the limits are numbers: nothing in this text comes from a caller.
        let begin = format!(
            "BEGIN; {set_tenant}; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"
        );
        sqlx::raw_sql(AssertSqlSafe(begin)).execute(tx.connection()).await?;
        Ok(tx)
    }

    /// Moves this transaction behind another tenant's wall, until its end or the next move. For operators' commands alone, whose effect
    /// on a tenant commits with a claim of the operator's own (docs/ARCHITECTURE.md, "The tenant wall").
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn act_for(&mut self, tenant: TenantId) -> Result<(), Error> {
        sqlx::query(include_str!("tenant_act_for.sql")).bind(tenant.uuid().to_string()).execute(self.connection()).await?;
        Ok(())
    }

    /// Where statements run.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// [`Error::CommitUnknown`] when the answer was lost; a deferred constraint's refusal as [`Error::Constraint`].
    pub async fn commit(mut self) -> Result<(), Error> {
        match sqlx::raw_sql("COMMIT").execute(self.connection()).await {
            Ok(_) => {
                self.settled = true;
                Ok(())
            }
            Err(error @ sqlx::Error::Database(_)) => Err(Error::from(error)),
            Err(error) => Err(Error::CommitUnknown(error)),
        }
    }

    /// Undoes everything and frees its locks at once; waiting for the drop would hold them until the connection is closed.
    pub async fn rollback(mut self) {
        if sqlx::raw_sql("ROLLBACK").execute(self.connection()).await.is_ok() {
            self.settled = true;
        }
    }
}

/// The statement that puts a transaction behind its tenant's wall.
fn set_tenant(tenant: TenantId) -> String {
    let tenant = tenant.uuid();
    if chaos::is_planted(PlantedBug::TenantNotSet) {
        // Set for the session, if it is not: the connection works for whomever it worked for first.
        let setting = format!("coalesce(nullif(current_setting('app.tenant_id', true), ''), '{tenant}')");
        return format!("SELECT set_config('app.tenant_id', {setting}, false); COMMIT; BEGIN");
    }
    format!("SET LOCAL app.tenant_id = '{tenant}'")
}

impl Drop for TenantTx {
    fn drop(&mut self) {
        if !self.settled {
            self.connection.close_on_drop();
        }
    }
}
