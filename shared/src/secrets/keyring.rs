//! Versioned AES-256-GCM: the first key seals, every key opens, so that keys rotate without a moment in which a row is unreadable.
//!
//! A sealed value is `version (1 byte) ‖ nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)`. Nonces are random: with fewer than 2³² values
//! per key (NIST SP 800-38D § 8.3) a collision stays out of reach, and rotation starts a new count.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use secrecy::{ExposeSecret, SecretString};

use super::random;
use crate::domain::ids::{KeyId, TenantId};

const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Version and nonce: what stands before the ciphertext.
const HEADER_BYTES: usize = 1 + NONCE_LEN;

/// The keys of this installation. Debug shows their versions only.
pub struct Keyring {
    /// Never empty; the first seals.
    keys: Vec<Key>,
    /// The first key again, for [`derive`](Keyring::derive).
    derivation: hmac::Key,
}

struct Key {
    version: u8,
    cipher: LessSafeKey,
}

/// A text that is no keyring. Its message never repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// An entry without `v<number>:` in front, or a number outside 1–255.
    #[error("entry {position} does not begin with v1: … v255:")]
    Version {
        /// Counted from 1.
        position: usize,
    },
    /// Not 32 bytes of base64.
    #[error("the key of v{version} is not the base64 of {KEY_BYTES} bytes")]
    Key {
        /// The version named in front of it.
        version: u8,
    },
    /// Two keys under one version: only one could ever open.
    #[error("v{version} is given twice")]
    Duplicate {
        /// The version.
        version: u8,
    },
}

/// A sealed value that does not open: altered, cut short, moved to another row, or sealed by a key we no longer hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than the shortest sealed value.
    #[error("the sealed value is cut short")]
    Truncated,
    /// Its key has left the keyring.
    #[error("no key v{version} in the keyring")]
    UnknownVersion {
        /// The version it names.
        version: u8,
    },
    /// The tag does not fit value and additional data.
    #[error("the sealed value does not belong here or was altered")]
    Forged,
}

impl Keyring {
    /// Reads `v2:<base64 of 32 bytes>,v1:<…>`, the sealing key first.
    ///
    /// # Errors
    /// [`KeyringError`] names the first entry that is wrong.
    pub fn parse(text: &SecretString) -> Result<Self, KeyringError> {
        let mut keys: Vec<Key> = Vec::new();
        let mut derivation = None;
        for (index, entry) in text.expose_secret().split(',').enumerate() {
            let (version, bytes) = parse_entry(index + 1, entry.trim())?;
            if keys.iter().any(|key| key.version == version) {
                return Err(KeyringError::Duplicate { version });
            }
            let unbound = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| KeyringError::Key { version })?;
            keys.push(Key { version, cipher: LessSafeKey::new(unbound) });
            derivation.get_or_insert_with(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        }
        let derivation = derivation.ok_or(KeyringError::Version { position: 1 })?;
        Ok(Self { keys, derivation })
    }

    /// Seals under the first key. `aad` names the place the value belongs to ([`row_aad`]) and must be given again to open it.
    ///
    /// # Panics
    /// Never for what fits in memory: AES-GCM refuses only above 64 GiB.
    #[expect(clippy::expect_used, reason = "AES-GCM refuses only above 64 GiB, and every body here has a limit far below")]
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let key = &self.keys[0];
        let nonce: [u8; NONCE_LEN] = random();
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + TAG_BYTES);
        sealed.push(key.version);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = key
            .cipher
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut sealed[HEADER_BYTES..])
            .expect("the plaintext is far below 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`seal`](Self::seal) made, under whichever key sealed it.
    ///
    /// # Errors
    /// [`OpenError`]; nothing of the plaintext is shown unless all of it is genuine.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (&version, rest) = sealed.split_first().ok_or(OpenError::Truncated)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Truncated)?;
        if ciphertext.len() < TAG_BYTES {
            return Err(OpenError::Truncated);
        }
        let key = self.keys.iter().find(|key| key.version == version).ok_or(OpenError::UnknownVersion { version })?;
        let mut plain = ciphertext.to_vec();
        let length = key
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut plain)
            .map_err(|_| OpenError::Forged)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    /// A key of its own for one purpose (`cursor`), from the first key by HMAC-SHA-256. It changes when a new key takes the front: what
    /// it signed must be short-lived.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut derived = [0; 32];
        derived.copy_from_slice(hmac::sign(&self.derivation, purpose.as_bytes()).as_ref());
        derived
    }
}

fn parse_entry(position: usize, entry: &str) -> Result<(u8, [u8; KEY_BYTES]), KeyringError> {
    let (version, key) = entry
        .strip_prefix('v')
        .and_then(|rest| rest.split_once(':'))
        .and_then(|(number, key)| Some((number.parse().ok().filter(|version| *version > 0)?, key)))
        .ok_or(KeyringError::Version { position })?;
    let bytes = BASE64_STANDARD.decode(key).map_err(|_| KeyringError::Key { version })?;
    Ok((version, bytes.try_into().map_err(|_| KeyringError::Key { version })?))
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<u8> = self.keys.iter().map(|key| key.version).collect();
        f.debug_struct("Keyring").field("versions", &versions).finish_non_exhaustive()
    }
}

/// The additional data of a sealed column: a value copied to another table, tenant or row does not open there.
pub fn row_aad(table: &str, tenant: TenantId, row: &str) -> Vec<u8> {
    // A table's name holds no NUL and a UUID is always 16 bytes, so no two places share these bytes.
    [table.as_bytes(), b"\0", tenant.uuid().as_bytes(), row.as_bytes()].concat()
}

/// The additional data of an API key's sealed secret.
pub fn api_key_aad(id: KeyId) -> Vec<u8> {
    row_aad("api_keys", id.tenant, &id.to_string())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn keyring(versions: &[u8]) -> Keyring {
        let entries: Vec<String> =
            versions.iter().map(|version| format!("v{version}:{}", BASE64_STANDARD.encode([*version; 32]))).collect();
        Keyring::parse(&entries.join(",").into()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let (keys, tenant) = (keyring(&[1]), TenantId::new(Uuid::from_u128(7)));
        let sealed = keys.seal(&row_aad("api_keys", tenant, "a"), b"secret");
        assert_eq!(keys.open(&row_aad("api_keys", tenant, "a"), &sealed).unwrap(), b"secret");
        for elsewhere in [row_aad("api_keys", tenant, "b"), row_aad("api_keys", TenantId::OPERATOR, "a"), row_aad("payments", tenant, "a")]
        {
            assert_eq!(keys.open(&elsewhere, &sealed), Err(OpenError::Forged));
        }
    }

    #[test]
    fn the_first_key_seals_and_every_key_opens() {
        let (old, rotated, later) = (keyring(&[1]), keyring(&[2, 1]), keyring(&[2]));
        let (before, after) = (old.seal(b"", b"x"), rotated.seal(b"", b"x"));
        assert_eq!(rotated.open(b"", &before).unwrap(), b"x");
        assert_eq!(later.open(b"", &after).unwrap(), b"x");
        assert_eq!(later.open(b"", &before), Err(OpenError::UnknownVersion { version: 1 }));
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_noticed() {
        let keys = keyring(&[1]);
        let sealed = keys.seal(b"here", b"secret");
        for length in 0..sealed.len() {
            assert!(keys.open(b"here", &sealed[..length]).is_err(), "cut to {length}");
        }
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(keys.open(b"here", &altered).is_err(), "byte {index}");
        }
    }

    #[test]
    fn the_same_text_never_seals_to_the_same_bytes() {
        let keys = keyring(&[1]);
        assert_ne!(keys.seal(b"", b"x"), keys.seal(b"", b"x"));
    }

    #[test]
    fn purposes_have_keys_of_their_own_that_only_the_first_key_decides() {
        assert_ne!(keyring(&[1]).derive("cursor"), keyring(&[1]).derive("session"));
        assert_eq!(keyring(&[2, 1]).derive("cursor"), keyring(&[2]).derive("cursor"));
    }

    #[test]
    fn a_bad_text_is_refused_without_being_repeated() {
        let key = BASE64_STANDARD.encode([1; 32]);
        for (text, expected) in [
            (String::new(), KeyringError::Version { position: 1 }),
            (key.clone(), KeyringError::Version { position: 1 }),
            (format!("v0:{key}"), KeyringError::Version { position: 1 }),
            (format!("v1:{key},v256:{key}"), KeyringError::Version { position: 2 }),
            ("v1:AAAA".into(), KeyringError::Key { version: 1 }),
            ("v1:!".into(), KeyringError::Key { version: 1 }),
            (format!("v1:{key},v1:{key}"), KeyringError::Duplicate { version: 1 }),
        ] {
            assert_eq!(Keyring::parse(&text.into()).unwrap_err(), expected);
        }
    }

    #[test]
    fn debug_shows_versions_only() {
        assert_eq!(format!("{:?}", keyring(&[2, 1])), "Keyring { versions: [2, 1], .. }");
    }
}
