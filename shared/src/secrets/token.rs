//! Randomness that must not be guessed, and the secrets made of it.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

/// Bytes behind an API key's secret: 256 bits, as long as the HMAC-SHA-256 it keys.
const API_SECRET_BYTES: usize = 32;
/// As base64url without padding.
const API_SECRET_CHARACTERS: usize = (API_SECRET_BYTES * 8).div_ceil(6);

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give: on Linux `getrandom` cannot fail for a short buffer once the machine is up.
#[expect(clippy::expect_used, reason = "a process without randomness must not go on to make keys")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A token of `N` random bytes, as base64url without padding.
pub fn random_token<const N: usize>() -> SecretString {
    BASE64_URL_SAFE_NO_PAD.encode(random::<N>()).into()
}

/// A fresh API secret: `osk_` and 43 base64url characters. The MAC key is this text's bytes.
pub fn new_api_secret() -> SecretString {
    format!("osk_{}", random_token::<API_SECRET_BYTES>().expose_secret()).into()
}

/// Whether a text has the form of an API secret.
pub fn is_api_secret(text: &str) -> bool {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.strip_prefix("osk_").is_some_and(|characters| characters.len() == API_SECRET_CHARACTERS && characters.bytes().all(base64url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_an_api_secret_is_one() {
        let secret = new_api_secret();
        let text = secret.expose_secret();
        assert!(is_api_secret(text));
        for other in
            ["", "osk_", &text[1..], &text[..46], &format!("{text}A"), &text.replace("osk_", "OSK_"), &format!("osk_{}", "!".repeat(43))]
        {
            assert!(!is_api_secret(other), "{other}");
        }
    }

    #[test]
    fn an_api_secret_has_its_shape_and_is_never_the_same() {
        let (one, other) = (new_api_secret(), new_api_secret());
        let characters = one.expose_secret().strip_prefix("osk_").unwrap();
        assert_eq!(characters.len(), 43);
        assert!(characters.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        assert_ne!(one.expose_secret(), other.expose_secret());
    }

    #[test]
    fn a_token_is_as_long_as_asked() {
        assert_eq!(random_token::<16>().expose_secret().len(), 22);
    }
}
