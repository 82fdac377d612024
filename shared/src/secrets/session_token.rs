//! Tokens of sessions: `ses_<tenant hex>.<base64url of the sealed session>`. Whoever holds one may do what is sealed in it; only this
//! installation can make one or look into it.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Keyring, row_aad};
use crate::domain::{ids::TenantId, session::Session};

/// The longest token that is looked into; a longer one is none of ours.
const TOKEN_LEN_MAX: usize = 1_024;

const PREFIX: &str = "ses_";

/// Binds a sealed session to its tenant.
fn aad(tenant: TenantId) -> Vec<u8> {
    row_aad("sessions", tenant, "token")
}

/// A session as its holder sends it.
///
/// # Errors
/// The session cannot be JSON, which is a bug of the session.
pub fn session_token(keyring: &Keyring, session: &Session) -> Result<SecretString, serde_json::Error> {
    let tenant = session.key.tenant;
    let sealed = keyring.seal(&aad(tenant), &serde_json::to_vec(session)?);
    Ok(format!("{PREFIX}{}.{}", tenant.uuid().simple(), BASE64_URL_SAFE_NO_PAD.encode(sealed)).into())
}

/// The session of a token; nothing when we have not made it.
pub fn open_session_token(keyring: &Keyring, token: &str) -> Option<Session> {
    let (tenant, sealed) = (token.len() <= TOKEN_LEN_MAX).then_some(token)?.strip_prefix(PREFIX)?.split_once('.')?;
    let tenant = TenantId::new(Uuid::try_parse(tenant).ok()?);
    let plain = keyring.open(&aad(tenant), &BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
    serde_json::from_slice(&plain).ok().filter(|session: &Session| session.key.tenant == tenant)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::domain::{
        ids::{KeyId, SessionId},
        permissions::Permission,
        timestamp::Timestamp,
    };

    const KEYS: [&str; 2] = ["v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "v1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="];

    #[test]
    fn a_token_tells_its_session_to_us_alone() {
        let [ours, theirs] = KEYS.map(|keys| Keyring::parse(&keys.into()).unwrap());
        let key = KeyId { tenant: TenantId::new(Uuid::from_u128(7)), key: Uuid::from_u128(2) };
        let session = Session {
            id: SessionId::new(Uuid::from_u128(3)),
            key,
            scopes: Permission::ALL.to_vec(),
            expires_at: Timestamp::from_microsecond(1),
        };
        let token = session_token(&ours, &session).unwrap();
        let token = token.expose_secret();
        assert_eq!(open_session_token(&ours, token), Some(session));
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)), "RFC 6750 §2.1: {token}");
        assert_eq!(open_session_token(&theirs, token), None);
        let moved = token.replacen("ses_00000000000000000000000000000007", "ses_00000000000000000000000000000008", 1);
        assert!(moved != token && open_session_token(&ours, &moved).is_none());
        for none in ["", "ses_", "ses_.", &token[..token.len() - 1], &format!("{token}{}", "A".repeat(1_024))] {
            assert_eq!(open_session_token(&ours, none), None, "{none}");
        }
    }
}
