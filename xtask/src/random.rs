//! Random bytes for keys, secrets, nonces and ports, from the operating system.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::failure::{Context, Result};

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context(|| "the operating system has no random bytes for us".into())?;
    Ok(bytes)
}

/// A random number.
pub fn number() -> Result<u16> {
    Ok(u16::from_ne_bytes(bytes()?))
}

/// 16 random bytes as 22 characters of base64url: a nonce or an idempotency key.
pub fn token() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<16>()?))
}

/// 32 random bytes as padded base64: an encryption key.
pub fn key() -> Result<String> {
    Ok(STANDARD.encode(bytes::<32>()?))
}

/// `whsec_` and the base64 of 32 random bytes: what a partner signs webhooks with.
pub fn webhook_secret() -> Result<String> {
    Ok(format!("whsec_{}", key()?))
}

/// `osk_` and 43 characters of base64url: a signing secret, whose MAC key is the bytes of that very text.
pub fn signing_secret() -> Result<String> {
    Ok(format!("osk_{}", URL_SAFE_NO_PAD.encode(bytes::<32>()?)))
}
