//! Verifies a request's signature in two phases, because the secret is looked up between them.
//!
//! [`Unverified::parse`] needs no key and never looks at the time; [`Unverified::verify`] needs both. Whether the nonce
//! was seen before is the caller's to decide, after the MAC fits.

use hmac::Mac;
use sfv::{BareItem, Dictionary, Item, ListEntry, Parser};
use sha2::{Digest, Sha256};

use super::base::{CONTENT_DIGEST, Refusal, field_value, malformed, push_component, push_parameters, required_components};
use super::member::{self, Member};
use super::sign::mac;
use super::{MAX_AGE_S, MAX_AHEAD_S, MAX_FIELD_LEN, Reason, Rejection, RequestParts};

/// Length of an HMAC-SHA-256 and of a SHA-256 digest, in bytes.
const SHA256_LEN: usize = 32;

/// A base rarely grows beyond this many bytes; a longer one only costs a reallocation.
const BASE_CAPACITY: usize = 768;

/// The secret that stands in for an unknown key's, so that both answers take the same time.
pub(super) const DUMMY_SECRET: &[u8] = b"osk_0000000000000000000000000000000000000000000";

/// A well-formed signature nobody has verified yet: what it claims must not be trusted.
#[derive(Debug)]
pub struct Unverified<'a> {
    key_id: String,
    nonce: String,
    created: i64,
    expires: Option<i64>,
    base: String,
    mac: [u8; SHA256_LEN],
    digest: Option<[u8; SHA256_LEN]>,
    parts: RequestParts<'a>,
}

/// A signature that fits its request, its key and the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key that made the signature.
    pub key_id: String,
    /// The nonce, which the caller must not accept twice from this key.
    pub nonce: String,
    /// When the request was signed, in seconds since the Unix epoch.
    pub created_unix: i64,
}

impl<'a> Unverified<'a> {
    /// Reads a request's signature and builds what it must have signed.
    ///
    /// # Errors
    /// `missing`, `malformed` or `missing-component`; nothing that depends on a key or on the time.
    pub fn parse(parts: &RequestParts<'a>) -> Result<Self, Rejection> {
        read(parts).map_err(|refusal| rejection(refusal, parts))
    }

    /// The key id the signature claims.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The nonce the signature claims.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The signature base that the request must have signed (RFC 9421 §2.5).
    #[cfg(test)]
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The moment of signing the signature claims, in seconds since the Unix epoch.
    #[must_use]
    pub fn created(&self) -> i64 {
        self.created
    }

    /// Decides with the key's secret (`None`: nobody holds this key) and the time in seconds since the Unix epoch.
    ///
    /// Digest and MAC are computed in every case, so that the time an answer takes says nothing about a key.
    ///
    /// # Errors
    /// `unknown-key`, `clock-skew`, `digest-mismatch` or `mac-mismatch`, the first that applies in this order.
    pub fn verify(self, secret: Option<&[u8]>, now_unix: i64) -> Result<Verified, Rejection> {
        let mac_fits = mac(secret.unwrap_or(DUMMY_SECRET), &self.base).verify_slice(&self.mac).is_ok();
        let digest_fits = self.digest.is_none_or(|digest| Sha256::digest(self.parts.body).as_slice() == digest);
        let refusal = if secret.is_none() {
            (Reason::UnknownKey, "nobody holds the key that the signature names".to_owned())
        } else if let Some(detail) = self.skew(now_unix) {
            (Reason::ClockSkew, detail)
        } else if !digest_fits {
            (Reason::DigestMismatch, "the body is not the one that `Content-Digest` describes".to_owned())
        } else if !mac_fits {
            (Reason::MacMismatch, "the signature does not fit the request and the key".to_owned())
        } else {
            return Ok(Verified { key_id: self.key_id, nonce: self.nonce, created_unix: self.created });
        };
        Err(rejection(refusal, &self.parts))
    }

    /// What is wrong with the signature's time, if anything.
    fn skew(&self, now_unix: i64) -> Option<String> {
        let age_s = now_unix.saturating_sub(self.created);
        if age_s > MAX_AGE_S {
            return Some(format!("signed {age_s} s ago; at most {MAX_AGE_S} s are accepted"));
        }
        if age_s < -MAX_AHEAD_S {
            let ahead_s = age_s.unsigned_abs();
            return Some(format!("signed {ahead_s} s in the future; at most {MAX_AHEAD_S} s are accepted"));
        }
        match self.expires {
            Some(expires) if expires < now_unix => Some("the signature is past its own `expires`".to_owned()),
            _ => None,
        }
    }
}

fn rejection((reason, detail): Refusal, parts: &RequestParts<'_>) -> Rejection {
    Rejection { reason, detail, required_components: required_components(parts) }
}

fn read<'a>(parts: &RequestParts<'a>) -> Result<Unverified<'a>, Refusal> {
    let signature_input = required_field(parts, "signature-input")?;
    let signature = required_field(parts, "signature")?;
    let member = member::read(&signature_input)?;
    let mac = mac_of(&signature, member.label)?;
    let base = base_of(&member, parts)?;
    let covers_digest = member.components.iter().any(|name| name == CONTENT_DIGEST);
    Ok(Unverified {
        digest: if covers_digest { Some(digest_of(parts)?) } else { None },
        key_id: member.key_id,
        nonce: member.nonce,
        created: member.created,
        expires: member.expires,
        base,
        mac,
        parts: *parts,
    })
}

fn required_field<'h>(parts: &RequestParts<'h>, name: &str) -> Result<std::borrow::Cow<'h, str>, Refusal> {
    field_value(parts.headers, name)?.ok_or_else(|| (Reason::Missing, format!("the request has no field `{name}`")))
}

fn base_of(member: &Member<'_>, parts: &RequestParts<'_>) -> Result<String, Refusal> {
    let mut base = String::with_capacity(BASE_CAPACITY);
    for name in &member.components {
        push_component(&mut base, name, parts)?;
    }
    push_parameters(&mut base, member.raw_value);
    match required_components(parts).into_iter().find(|required| !member.components.iter().any(|name| name == required)) {
        Some(uncovered) => Err((Reason::MissingComponent, format!("the signature does not cover `{uncovered}`"))),
        None => Ok(base),
    }
}

/// The MAC that `Signature` holds under `label`.
fn mac_of(field: &str, label: &str) -> Result<[u8; SHA256_LEN], Refusal> {
    byte_sequence(field, "Signature", label)?
        .ok_or_else(|| malformed(format!("`Signature` has no member `{label}`, which `Signature-Input` announces")))
}

/// The SHA-256 that `Content-Digest` claims for the body; digests of other algorithms beside it are ignored.
fn digest_of(parts: &RequestParts<'_>) -> Result<[u8; SHA256_LEN], Refusal> {
    let field = field_value(parts.headers, CONTENT_DIGEST)?.unwrap_or_default();
    byte_sequence(&field, "Content-Digest", "sha-256")?.ok_or_else(|| malformed("`Content-Digest` has no member `sha-256`"))
}

fn byte_sequence(field: &str, field_name: &str, key: &str) -> Result<Option<[u8; SHA256_LEN]>, Refusal> {
    if field.len() > MAX_FIELD_LEN {
        return Err(malformed(format!("`{field_name}` is longer than {MAX_FIELD_LEN} bytes")));
    }
    let members: Dictionary =
        Parser::new(field).parse().map_err(|error| malformed(format!("`{field_name}` is not a structured field: {error}")))?;
    match members.get(key) {
        None => Ok(None),
        Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(bytes), .. })) => bytes
            .as_slice()
            .try_into()
            .map(Some)
            .map_err(|_| malformed(format!("`{key}` in `{field_name}` is not {SHA256_LEN} bytes long"))),
        Some(_) => Err(malformed(format!("`{key}` in `{field_name}` is not a byte sequence"))),
    }
}
