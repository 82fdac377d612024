//! Redis.

use secrecy::SecretString;

use super::{Environment, Reader, urls};

const VARIABLE: &str = "REDIS_URL";
const EXPECTED: &str = "redis://host:port/db or rediss://…, for a cluster several nodes with commas between them";

/// | variable | meaning |
/// |---|---|
/// | `REDIS_URL` | required where requests are answered; elsewhere, if it is set, readers learn of changes at once. Several URLs with commas between them are nodes of one cluster: some of them are enough. In production `rediss://` |
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// One URL or several, credentials included.
    pub urls: SecretString,
}

impl RedisConfig {
    /// Reads the variable above; nothing when it may be left out and is.
    pub fn read(reader: &mut Reader<'_>, environment: Environment, required: bool) -> Option<Self> {
        if !required && reader.optional(VARIABLE).is_none() {
            return None;
        }
        let text = reader.required(VARIABLE, EXPECTED);
        for node in text.split(',').map(str::trim) {
            let Some(url) = urls::check(reader, VARIABLE, node, &["redis", "rediss"], EXPECTED) else { continue };
            environment.demand(reader, VARIABLE, url.scheme() == "rediss", "is plaintext; in production expected rediss://");
        }
        Some(Self { urls: text.into() })
    }
}
