//! Redis.

use secrecy::SecretString;

use super::{Environment, Reader, urls};

const EXPECTED: &str = "redis://host:port/db or rediss://…";

/// | variable | meaning |
/// |---|---|
/// | `REDIS_URL` | required where requests are signed; in production `rediss://` |
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// Credentials included.
    pub url: SecretString,
}

impl RedisConfig {
    /// Reads the variable above.
    pub fn read(reader: &mut Reader<'_>, environment: Environment) -> Self {
        let text = reader.required("REDIS_URL", EXPECTED);
        if let Some(url) = urls::check(reader, "REDIS_URL", &text, &["redis", "rediss"], EXPECTED) {
            environment.demand(reader, "REDIS_URL", url.scheme() == "rediss", "is plaintext; in production expected rediss://");
        }
        Self { url: text.into() }
    }
}
