//! The secrets that the payment partner may sign its webhooks with.

use secrecy::{ExposeSecret, SecretString};

use super::Reader;
use crate::secrets::WebhookSecret;

const VARIABLE: &str = "PAYMENT_WEBHOOK_SECRETS";
/// What the variable holds, for whoever has to mend it.
pub(super) const EXPECTED: &str =
    "whsec_<base64 of 24 to 64 random bytes>, several apart by a comma (echo \"whsec_$(openssl rand -base64 32)\" makes one)";
/// Two are enough to rotate, and each costs every webhook a MAC; more than this are a mistake.
const SECRETS_MAX: usize = 4;

/// Reads `PAYMENT_WEBHOOK_SECRETS`: `whsec_…,whsec_…`, of which any may have signed. Whatever is wrong with each is noted, by its place.
pub fn read(reader: &mut Reader<'_>) -> Vec<WebhookSecret> {
    let text: SecretString = reader.required_secret(VARIABLE, EXPECTED);
    let entries: Vec<&str> = text.expose_secret().split(',').map(str::trim).collect();
    if entries == [""] {
        return Vec::new();
    }
    if entries.len() > SECRETS_MAX {
        reader.problem(VARIABLE, format!("holds {} secrets; at most {SECRETS_MAX} count at a time", entries.len()));
    }
    let mut secrets = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        match WebhookSecret::parse(entry) {
            Ok(secret) => secrets.push(secret),
            Err(error) => reader.problem(VARIABLE, format!("entry {} {error}; expected {EXPECTED}", index + 1)),
        }
    }
    secrets
}
