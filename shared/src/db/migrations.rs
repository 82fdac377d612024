//! The schema's migrations, embedded: applied in order under PostgreSQL's advisory lock, forward only, each once, and refused when
//! one that was applied has been edited since.

use std::borrow::Cow;

use secrecy::SecretString;
use sqlx::{
    ConnectOptions, Connection, PgConnection, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{Connect, Error, options};

/// Every migration: version, what it is about, its text. The folder `migrations/` says the same; a test compares them.
pub const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tenants", include_str!("../../../migrations/0001_tenants.sql")),
    (2, "orders", include_str!("../../../migrations/0002_orders.sql")),
    (3, "payments", include_str!("../../../migrations/0003_payments.sql")),
    (4, "fulfillments", include_str!("../../../migrations/0004_fulfillments.sql")),
    (5, "messages", include_str!("../../../migrations/0005_messages.sql")),
    (6, "payment operations", include_str!("../../../migrations/0006_payment_operations.sql")),
    (7, "jobs", include_str!("../../../migrations/0007_jobs.sql")),
    (8, "outbox partitions", include_str!("../../../migrations/0008_outbox_partitions.sql")),
    (9, "dead letters", include_str!("../../../migrations/0009_dead_letters.sql")),
    (10, "retention", include_str!("../../../migrations/0010_retention.sql")),
    (12, "live", include_str!("../../../migrations/0012_live.sql")),
];

/// Role that owns the schema.
const OWNER: &str = "orders_migrator";

/// Applies what is missing and returns how many migrations the schema now has. Safe to run again and by several at once.
///
/// # Errors
/// [`Error::Unavailable`] when PostgreSQL is away, [`Error::Unexpected`] when a migration fails or differs from what was applied.
pub async fn migrate(url: &SecretString) -> Result<usize, Error> {
    let connect = Connect { url, role: OWNER, pool_size: 1 };
    // A migration may build an index for longer, and wait for one who migrates already: the limits of requests do not hold here.
    let options = options(&connect)?.options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let mut connection: PgConnection = options.connect().await?;
    let applied = migrator().run_direct(None, &mut connection, false).await;
    connection.close().await?;
    applied.map_err(|error| Error::Unexpected(sqlx::Error::Migrate(Box::new(error))))?;
    Ok(MIGRATIONS.len())
}

fn migrator() -> Migrator {
    let migration = |&(version, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, Cow::Borrowed(description), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}
