//! The keys that seal secrets at rest.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::{Environment, Reader};
use crate::secrets::Keyring;

/// The key that examples and local setups may commit to a file, in base64. Production refuses it, whatever its version.
pub const DEVELOPMENT_KEY: &str = "b3JkZXItc2VydmljZS1kZXZlbG9wbWVudC1rZXktMDE=";
const EXPECTED: &str = "v1:<base64 of 32 random bytes>, newer keys in front (openssl rand -base64 32 makes one)";

/// Reads `KEYS_ENCRYPTION`: `v2:<base64 of 32 bytes>,v1:<…>`, of which the first seals and all open. `None` only when that is noted.
pub fn read(reader: &mut Reader<'_>, environment: Environment) -> Option<Arc<Keyring>> {
    let text: SecretString = reader.optional("KEYS_ENCRYPTION").unwrap_or_default().into();
    if text.expose_secret().is_empty() {
        reader.problem("KEYS_ENCRYPTION", format!("is not set; expected {EXPECTED}"));
        return None;
    }
    let random = !text.expose_secret().contains(DEVELOPMENT_KEY);
    environment.demand(reader, "KEYS_ENCRYPTION", random, "holds the development key; in production expected random keys");
    match Keyring::parse(&text) {
        Ok(keyring) => Some(Arc::new(keyring)),
        Err(error) => {
            reader.problem("KEYS_ENCRYPTION", format!("{error}; expected {EXPECTED}"));
            None
        }
    }
}
