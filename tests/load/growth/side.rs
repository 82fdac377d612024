//! One side of the comparison: a service with one connection, and its database with so many orders in it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tests::{Caller, Options, Stack, raw_id};

use super::{REQUESTS, SLICE};
use crate::{client::Load, measured};

/// Two years of orders, as SQL.
const FILL: &str = include_str!("fill.sql");
/// Nobody listens there: what Redis keeps would not be read from PostgreSQL.
const NO_REDIS: &str = "redis://127.0.0.1:1/0";
/// A session tells what it has counted once in a second, after a transaction.
const COUNTED_WITHIN: Duration = Duration::from_secs(20);
/// Requests are sent so long before the counters are looked at again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Pages of each table and index that were looked at so far, whether they lay in memory or not.
const PAGES: &str = "
    SELECT relname AS name, coalesce(heap_blks_hit + heap_blks_read, 0) + coalesce(toast_blks_hit + toast_blks_read, 0) AS pages
    FROM pg_statio_user_tables
    UNION ALL
    SELECT indexrelname, idx_blks_hit + idx_blks_read FROM pg_statio_user_indexes";
/// Levels of each B-tree, its root and its leaves among them.
const LEVELS: &str = "
    SELECT c.relname AS name, (bt_metap(c.oid::regclass::text)).level + 1 AS levels
    FROM pg_class AS c
    WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace";
/// The sessions of the service.
const SESSIONS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'orders_app'";

/// A filled database and the service on it.
pub struct Side {
    pub stack: Stack,
    pub caller: Caller,
    /// How many orders were filled in, a part of them the caller's.
    pub orders: u64,
    /// When the last of them was placed.
    pub filled_at: Timestamp,
    levels: BTreeMap<String, f64>,
}

/// What one request costs PostgreSQL.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Pages looked at.
    pub pages: f64,
    /// The same, where an index of so many levels counts by descents: its pages divided by its levels.
    pub steps: f64,
    /// CPU time of the session.
    pub cpu_us: f64,
}

/// Pages and steps so far.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Counted {
    pages: f64,
    steps: f64,
}

impl Side {
    /// Starts a service and fills its database.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn fill(orders: u64) -> Self {
        let stack = Stack::start(Options::http().pool_size(1).set("REDIS_URL", NO_REDIS)).await;
        let caller = stack.tenant().await;
        let started = Instant::now();
        let filled_at = Timestamp::now();
        let fill = FILL.replace("{orders}", &orders.to_string()).replace("{tenant}", raw_id(&caller.key.tenant_id));
        let sql = stack.sql();
        sql.execute(&fill).await.unwrap();
        sql.execute("VACUUM ANALYZE").await.unwrap();
        sql.execute("CREATE EXTENSION pageinspect").await.unwrap();
        let levels = numbers(&sql.rows(LEVELS).await, "levels");
        eprintln!("{orders} orders are filled in after {:.0} s", started.elapsed().as_secs_f32());
        Self { stack, caller, orders, filled_at, levels }
    }

    /// What a request of this load costs.
    ///
    /// # Panics
    /// When it is not answered with success.
    pub async fn measure(&self, load: &Load) -> Cost {
        let (before, _) = self.counted(load).await;
        let cpu_before = self.cpu_seconds().await;
        let mut measured = 0;
        while measured < REQUESTS {
            measured += load.run(SLICE).await.len();
        }
        let cpu = self.cpu_seconds().await - cpu_before;
        let (after, more) = self.counted(load).await;
        let requests = (measured + more) as f64;
        Cost {
            pages: (after.pages - before.pages) / requests,
            steps: (after.steps - before.steps) / requests,
            cpu_us: cpu / measured as f64 * 1e6,
        }
    }

    /// What is counted when the service's session has just told it: goes on asking until it does, and says how often.
    async fn counted(&self, load: &Load) -> (Counted, usize) {
        let (before, started) = (self.counters().await, Instant::now());
        let mut requests = 0;
        while started.elapsed() < COUNTED_WITHIN {
            requests += load.run(BETWEEN_LOOKS).await.len();
            let now = self.counters().await;
            if now != before {
                return (now, requests);
            }
        }
        panic!("PostgreSQL counts nothing of {requests} requests in {COUNTED_WITHIN:?}");
    }

    async fn counters(&self) -> Counted {
        let pages = numbers(&self.stack.sql().rows(PAGES).await, "pages");
        let steps = pages.iter().map(|(name, pages)| pages / self.levels.get(name).unwrap_or(&1.0));
        Counted { steps: steps.sum(), pages: pages.values().sum() }
    }

    async fn cpu_seconds(&self) -> f64 {
        let sessions = self.stack.sql().rows(SESSIONS).await;
        sessions.iter().map(|session| measured::cpu_seconds(session["pid"].as_u64().unwrap() as u32)).sum()
    }

    /// Messages of orders that were filled in have no bytes that mean anything: the harness, which holds every message against its schema,
    /// must not see them.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn forget_messages(&self) {
        self.stack.sql().execute("TRUNCATE outbox").await.unwrap();
    }
}

/// A number of each row, by the row's name.
fn numbers(rows: &[serde_json::Value], column: &str) -> BTreeMap<String, f64> {
    rows.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), row[column].as_f64().unwrap())).collect()
}
