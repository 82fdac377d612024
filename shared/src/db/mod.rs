//! PostgreSQL: every statement of the service, and the two ways to run one.
//!
//! Statements are `.sql` files beside the Rust that binds them; a test PREPAREs each against the migrated schema. What belongs to
//! a tenant goes through [`TenantTx`] (or is one autocommit statement that sets the tenant itself); what crosses tenants
//! (relay, timers) goes through [`Database::system`] under a role of its own.

pub mod api_keys;
pub mod audit;
pub mod dead_letters;
pub mod deferred_messages;
mod error;
pub mod idempotency_records;
pub mod inbox;
pub mod migrations;
pub mod order_numbers;
pub mod orders;
pub mod outbox;
pub mod outbox_events;
pub mod outbox_weeks;
pub mod payment_operations;
mod tenant_tx;
pub mod tenants;
pub mod timers;

use std::{net::IpAddr, str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

pub use self::{
    error::{Error, LockWait},
    tenant_tx::TenantTx,
};

/// Waiting longer for a connection than this is overload, answered with 503 at once instead of a queue.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
/// A single statement that runs longer is cancelled by the server.
const STATEMENT_TIMEOUT: &str = "5s";
/// How long a single autocommit statement waits for a lock: create-order's claim. `TenantTx` sets its own.
const LOCK_TIMEOUT: &str = "250ms";
/// Statements are planned once a connection. Left to itself PostgreSQL plans those that take arrays anew for each call, because it
/// takes an array of unknown length for long: creating an order then costs several times the CPU (`cargo xtask bench`).
const PLAN_CACHE_MODE: &str = "force_generic_plan";
/// A plan that is kept may be made while a table is empty, and a week of the outbox is whenever it begins: reading it whole looks cheap
/// then, and is ruin once it has grown. An index serves both.
const ENABLE_SEQSCAN: &str = "off";
/// What has no index is planned at an absurd cost for that, which must not make PostgreSQL compile it.
const JIT: &str = "off";
/// Unused connections are closed after this time, so that an idle function holds none.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// A pool of connections under one PostgreSQL role. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
}

/// Where PostgreSQL is and as whom to connect.
#[derive(Debug, Clone)]
pub struct Connect<'a> {
    /// `postgres://[user[:password]@]host[:port]/database[?sslmode=…]`.
    pub url: &'a SecretString,
    /// The user, if the URL names none.
    pub role: &'static str,
    /// Connections at most.
    pub pool_size: u32,
}

impl Database {
    /// A lazy pool: the first statement connects.
    ///
    /// # Errors
    /// [`Error::Unexpected`] when the URL is not one.
    pub fn new(connect: &Connect<'_>) -> Result<Self, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(connect.pool_size)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .test_before_acquire(false)
            .connect_lazy_with(options(connect)?);
        Ok(Self { pool })
    }

    /// Answers whether PostgreSQL answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query(include_str!("ping.sql")).execute(&self.pool).await?;
        Ok(())
    }

    /// The pool itself, for single autocommit statements and for roles that are not bound to a tenant.
    pub(crate) fn system(&self) -> &PgPool {
        &self.pool
    }

    /// Connections at most.
    pub(crate) fn size(&self) -> usize {
        self.pool.options().get_max_connections() as usize
    }

    /// Closes every connection; those at work finish first.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Connection options of a URL: the role as user where the URL names none, our timeouts, our name.
///
/// # Errors
/// [`Error::Unexpected`] when the URL is not one.
pub fn options(connect: &Connect<'_>) -> Result<PgConnectOptions, Error> {
    let text = connect.url.expose_secret();
    let url = url::Url::parse(text).map_err(|error| Error::Unexpected(sqlx::Error::Configuration(error.into())))?;
    let mut options = PgConnectOptions::from_str(text)?.application_name(connect.role).options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("lock_timeout", LOCK_TIMEOUT),
        ("plan_cache_mode", PLAN_CACHE_MODE),
        ("enable_seqscan", ENABLE_SEQSCAN),
        ("jit", JIT),
        ("timezone", "UTC"),
    ]);
    if url.username().is_empty() {
        options = options.username(connect.role);
    }
    if !url.query_pairs().any(|(name, _)| name == "sslmode") && is_loopback(&url) {
        options = options.ssl_mode(PgSslMode::Disable);
    }
    Ok(options)
}

/// Whether a URL stays on this machine, where TLS protects nothing. (`url` keeps the host of a `postgres:` URL as text.)
fn is_loopback(url: &url::Url) -> bool {
    let Some(host) = url.host_str() else { return true };
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (host, loopback) in [("127.0.0.1", true), ("[::1]", true), ("localhost", true), ("10.0.0.1", false), ("db.example", false)] {
            assert_eq!(is_loopback(&format!("postgres://{host}:5432/orders").parse().unwrap()), loopback, "{host}");
        }
    }
}
