//! The operator's own key.

use secrecy::SecretString;

use super::Reader;
use crate::secrets::is_api_secret;

/// Reads `OPERATOR_KEY`: the secret of the key that administers the installation, `osk_` and 43 base64url characters. Optional: without
/// it nobody is operator over HTTP.
pub fn read(reader: &mut Reader<'_>) -> Option<SecretString> {
    let text = reader.optional("OPERATOR_KEY")?;
    if is_api_secret(&text) {
        return Some(text.into());
    }
    let one_way = "echo \"osk_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')\" makes one";
    reader.problem("OPERATOR_KEY", format!("has not the form of a secret; expected osk_ and the base64url of 32 random bytes ({one_way})"));
    None
}
