//! Looks at what the service wrote, and sometimes arranges what it could not: rows as JSON.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::{
    AssertSqlSafe, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use url::Url;

/// Enough for a statement while another one waits.
const CONNECTIONS_MAX: u32 = 2;

/// A connection to one test's database.
#[derive(Debug, Clone)]
pub struct Sql {
    options: PgConnectOptions,
    pool: PgPool,
}

impl Sql {
    /// As whom the URL names; connects with the first statement.
    ///
    /// # Panics
    /// When it is no URL of PostgreSQL.
    #[must_use]
    pub fn new(url: &Url) -> Self {
        Self::connect(url.as_str().parse().unwrap())
    }

    fn connect(options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).connect_lazy_with(options.clone());
        Self { options, pool }
    }

    /// The same database under a role of the service, without a tenant.
    #[must_use]
    pub fn as_role(&self, role: &str) -> Self {
        Self::connect(self.options.clone().username(role))
    }

    /// The same database as `orders_app` working for a tenant (`ten_…`).
    #[must_use]
    pub fn as_tenant(&self, tenant: &str) -> Self {
        Self::connect(self.options.clone().username("orders_app").options([("app.tenant_id", raw_id(tenant))]))
    }

    /// The rows of a query as JSON objects; `bytea` is hexadecimal text.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn try_rows(&self, query: &str) -> Result<Vec<Value>, sqlx::Error> {
        let query = format!("SELECT to_jsonb(q) FROM ({query}) q");
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&self.pool).await
    }

    /// The same for a query that must work.
    ///
    /// # Panics
    /// When it does not.
    pub async fn rows(&self, query: &str) -> Vec<Value> {
        self.try_rows(query).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// The first column of the only row of a query, as JSON; null when there is no row.
    ///
    /// # Panics
    /// When the query does not work or gives several rows.
    pub async fn value(&self, query: &str) -> Value {
        let mut rows = self.rows(query).await;
        assert!(rows.len() <= 1, "{query} gives {} rows", rows.len());
        let row = rows.pop().unwrap_or_default();
        row.as_object().and_then(|row| row.values().next().cloned()).unwrap_or_default()
    }

    /// How many rows `FROM …` has.
    ///
    /// # Panics
    /// When the query does not work.
    pub async fn count(&self, from: &str) -> i64 {
        self.value(&format!("SELECT count(*) AS n FROM {from}")).await.as_i64().unwrap()
    }

    /// The tables with a row that has `needle` in it, as text or as the bytes of a bytea.
    ///
    /// # Panics
    /// When PostgreSQL is away.
    pub async fn tables_with(&self, needle: &str) -> Vec<String> {
        let hex: String = needle.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut found = Vec::new();
        for table in self.tables().await {
            if self.count(&format!("{table} t WHERE position('{needle}' IN t::text) > 0 OR position('{hex}' IN t::text) > 0")).await > 0 {
                found.push(table);
            }
        }
        found
    }

    /// The names of the service's tables; a partition is part of its table.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn tables(&self) -> Vec<String> {
        let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                      AND NOT relispartition AND relname <> '_sqlx_migrations' ORDER BY 1";
        self.rows(tables).await.iter().map(|row| row["relname"].as_str().unwrap().to_owned()).collect()
    }

    /// What every table holds, as a number of rows and a hash over them: equal before and after what must change nothing.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn contents(&self) -> BTreeMap<String, String> {
        let mut contents = BTreeMap::new();
        for table in self.tables().await {
            let query =
                format!("SELECT count(*) || ' rows, ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {table} t");
            contents.insert(table, self.value(&query).await.as_str().unwrap().to_owned());
        }
        contents
    }

    /// Runs statements and returns how many rows they touched.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn execute(&self, statements: &str) -> Result<u64, sqlx::Error> {
        Ok(sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&self.pool).await?.rows_affected())
    }

    /// Makes the timers of a kind due: the test's clock.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn make_due(&self, kind: &str) {
        self.execute(&format!("UPDATE timers SET due_at = now() - interval '1 second' WHERE kind = '{kind}'")).await.unwrap();
    }

    /// The pool itself, for what the rest does not cover.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// The UUID inside an id on the wire: `ord_0198…` without its prefix, which PostgreSQL reads.
#[must_use]
pub fn raw_id(id: &str) -> &str {
    id.split_once('_').map_or(id, |(_, uuid)| uuid)
}
