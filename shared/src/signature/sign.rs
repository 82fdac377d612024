//! Signs a request: what our calls to partners and every test client use.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::base::{CONTENT_DIGEST, Refusal, push_component, push_line, push_parameters, required_components};
use super::{MAX_KEY_ID_LEN, MAX_NONCE_LEN, MIN_NONCE_LEN, PROFILE_TAG, RequestParts};

/// The label of our own signatures; receivers must not rely on it, they look for the tag.
const LABEL: &str = "sig1";

/// A base rarely grows beyond this many bytes; a longer one only costs a reallocation.
const BASE_CAPACITY: usize = 512;

/// The header fields to set on a request so that it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `Content-Digest`, present exactly when there is a body; it replaces any such field the request had.
    pub content_digest: Option<String>,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

impl SignedHeaders {
    /// Lower-case name and value of each field to set.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let digest = self.content_digest.iter().map(|digest| (CONTENT_DIGEST, digest.as_str()));
        digest.chain([("signature-input", self.signature_input.as_str()), ("signature", self.signature.as_str())])
    }
}

/// A request that cannot be signed, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed: {0}")]
pub struct Unsignable(String);

impl From<Refusal> for Unsignable {
    fn from((_, detail): Refusal) -> Self {
        Self(detail)
    }
}

/// Signs a request with `secret`, covering everything the profile requires of it.
///
/// `created_unix` is in seconds. `nonce` must be new for every request of this key: 8 to 64 visible ASCII characters.
///
/// # Errors
/// [`Unsignable`] when a covered value, the key id or the nonce is not what a receiver would accept.
pub fn sign(parts: &RequestParts<'_>, key_id: &str, secret: &[u8], created_unix: i64, nonce: &str) -> Result<SignedHeaders, Unsignable> {
    let key_id = quoted("key id", key_id, 1..=MAX_KEY_ID_LEN)?;
    let nonce = quoted("nonce", nonce, MIN_NONCE_LEN..=MAX_NONCE_LEN)?;
    let content_digest = (!parts.body.is_empty()).then(|| digest_field(parts.body));

    let components = required_components(parts);
    let mut base = String::with_capacity(BASE_CAPACITY);
    for name in &components {
        match &content_digest {
            Some(digest) if *name == CONTENT_DIGEST => push_line(&mut base, name, "", digest),
            _ => push_component(&mut base, name, parts)?,
        }
    }
    let covered = components.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ");
    let member = format!("({covered});created={created_unix};keyid={key_id};nonce={nonce};tag=\"{PROFILE_TAG}\"");
    push_parameters(&mut base, &member);
    let tag = mac(secret, &base).finalize().into_bytes();
    Ok(SignedHeaders {
        content_digest,
        signature_input: format!("{LABEL}={member}"),
        signature: format!("{LABEL}=:{}:", STANDARD.encode(tag)),
    })
}

/// The MAC over a signature base, not yet finished: `verify` compares it in constant time.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
pub(super) fn mac(secret: &[u8], base: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(base.as_bytes());
    mac
}

/// The value of `Content-Digest` for a body (RFC 9530 §2).
fn digest_field(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

/// A parameter as a structured-field string (RFC 9651 §3.3.3).
fn quoted(what: &str, text: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<String, Unsignable> {
    if !lengths.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let (shortest, longest) = lengths.into_inner();
        return Err(Unsignable(format!("the {what} is not {shortest} to {longest} visible ASCII characters")));
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}
