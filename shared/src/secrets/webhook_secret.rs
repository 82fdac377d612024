//! The secret that a partner signs its webhooks with, as Standard Webhooks writes it: `whsec_` and base64.

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretSlice};

const PREFIX: &str = "whsec_";
/// Bytes of the key: fewer can be guessed, and the specification allows no more.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// One secret, decoded. Debug shows nothing of it.
#[derive(Debug, Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

/// A text that is no such secret. Its message never repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookSecretError {
    /// Not `whsec_…`.
    #[error("does not begin with {PREFIX}")]
    Prefix,
    /// What follows is not base64 in the standard alphabet with padding.
    #[error("is not base64 after {PREFIX}")]
    Base64,
    /// Too short or too long a key.
    #[error("is a key of {bytes} bytes, not of {} to {}", KEY_BYTES.start(), KEY_BYTES.end())]
    Length {
        /// How many it has.
        bytes: usize,
    },
}

impl WebhookSecret {
    /// Reads `whsec_<base64 of 24 to 64 bytes>`.
    ///
    /// # Errors
    /// [`WebhookSecretError`].
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(WebhookSecretError::Prefix)?;
        let key = BASE64_STANDARD.decode(encoded).map_err(|_| WebhookSecretError::Base64)?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err(WebhookSecretError::Length { bytes: key.len() });
        }
        Ok(Self(key.into()))
    }

    /// The MAC key.
    pub fn key(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: usize) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]))
    }

    #[test]
    fn a_key_has_24_to_64_bytes() {
        for bytes in [24, 32, 64] {
            assert_eq!(WebhookSecret::parse(&of(bytes)).unwrap().key(), vec![7; bytes]);
        }
        for bytes in [0, 23, 65] {
            assert_eq!(WebhookSecret::parse(&of(bytes)).unwrap_err(), WebhookSecretError::Length { bytes });
        }
    }

    #[test]
    fn another_text_is_no_secret_and_is_not_repeated() {
        let good = of(24);
        for (text, error) in [
            (&good[6..], WebhookSecretError::Prefix),
            (&good.replace("whsec_", "whsk_"), WebhookSecretError::Prefix),
            ("whsec_hunter2!", WebhookSecretError::Base64),
            (&format!(" {good}"), WebhookSecretError::Prefix),
        ] {
            let found = WebhookSecret::parse(text).unwrap_err();
            assert_eq!(found, error, "{text}");
            assert!(!found.to_string().contains("hunter2"));
        }
        assert!(!format!("{:?}", WebhookSecret::parse(&good).unwrap()).contains('7'));
    }
}
