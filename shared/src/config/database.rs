//! PostgreSQL.

use secrecy::SecretString;
use url::Url;

use super::{Environment, Reader, urls};

/// Connections of one pool unless said otherwise: eight keep two cores of PostgreSQL busy.
const DEFAULT_POOL_SIZE: u32 = 8;
/// More connections than this in one process are a mistake: the sum over all processes must stay under `max_connections`.
const POOL_SIZE_LIMIT: u32 = 64;
const EXPECTED: &str = "postgres://[user[:password]@]host[:port]/database";

/// | variable | meaning |
/// |---|---|
/// | `DATABASE_URL` | required; if it names no user, the user is the function's database role |
/// | `DATABASE_DIRECT_URL` | the same without a transaction pooler; default `DATABASE_URL` |
/// | `DATABASE_POOL_SIZE` | connections per role, 1–64; default 8 |
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// For everything that a transaction pooler can carry.
    pub url: SecretString,
    /// For session locks and LISTEN, which it cannot.
    pub direct_url: SecretString,
    /// Connections per role at most.
    pub pool_size: u32,
}

impl DatabaseConfig {
    /// Reads the variables above.
    pub fn read(reader: &mut Reader<'_>, environment: Environment) -> Self {
        let url = reader.required("DATABASE_URL", EXPECTED);
        check(reader, environment, "DATABASE_URL", &url);
        let direct_url = reader.optional("DATABASE_DIRECT_URL").unwrap_or_else(|| url.clone());
        if direct_url != url {
            check(reader, environment, "DATABASE_DIRECT_URL", &direct_url);
        }
        let pool_size = reader.parsed("DATABASE_POOL_SIZE", DEFAULT_POOL_SIZE, "a number from 1 to 64", |text| {
            text.parse().ok().filter(|size| (1..=POOL_SIZE_LIMIT).contains(size))
        });
        Self { url: url.into(), direct_url: direct_url.into(), pool_size }
    }
}

fn check(reader: &mut Reader<'_>, environment: Environment, variable: &'static str, text: &str) {
    if let Some(url) = urls::check(reader, variable, text, &["postgres", "postgresql"], EXPECTED) {
        let problem = "does not verify the server; in production expected sslmode=verify-full";
        environment.demand(reader, variable, verifies_server(&url), problem);
    }
}

fn verifies_server(url: &Url) -> bool {
    // The last one counts, as it does for the driver.
    url.query_pairs().filter(|(name, _)| name == "sslmode").last().is_some_and(|(_, mode)| mode == "verify-full")
}
