//! Webhooks that partners sign: Standard Webhooks, its symmetric scheme `v1` (HMAC-SHA-256).
//!
//! What is signed is `{id}.{timestamp}.{body}`; the id and the timestamp stand in header fields of their own, the signatures in a third.
//! Which keys count is the caller's to say, and whether an id came before is the inbox's. The spec:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use sha2::Sha256;

use super::{MAX_FIELD_LEN, Reason, sign::mac};

/// Names the webhook; the same with each attempt to deliver it.
pub const WEBHOOK_ID: &str = "webhook-id";

/// When the attempt was made, in seconds since the Unix epoch.
pub const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";

/// The signatures, apart by a space, each `version,base64`.
pub const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// An attempt may be at most this old and this far ahead, in seconds; beyond it the webhook is refused as `clock-skew`.
pub const TOLERANCE_S: i64 = 300;

/// The longest id, in characters; a longer one is refused as `malformed`, because the inbox keeps it.
pub const MAX_ID_LEN: usize = 255;

/// The most signatures one webhook may carry; more are refused as `malformed`.
pub const MAX_SIGNATURES: usize = 16;

/// The version of the symmetric scheme. Others, such as the asymmetric `v1a`, are passed over.
const VERSION: &str = "v1";

/// Length of an HMAC-SHA-256, in bytes.
const MAC_LEN: usize = 32;

/// A refused webhook. Its texts may be shown to the sender: none repeats a secret or the expected MAC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("webhook refused ({}): {detail}", reason.as_str())]
pub struct Rejection {
    /// `missing`, `malformed`, `clock-skew` or `mac-mismatch`.
    pub reason: Reason,
    /// One sentence that tells the sender what to mend.
    pub detail: String,
}

impl Rejection {
    fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Reason::Malformed, detail)
    }
}

/// What a refusal can be for, in the order in which it is tested.
pub const REASONS: [Reason; 4] = [Reason::Missing, Reason::Malformed, Reason::ClockSkew, Reason::MacMismatch];

/// Verifies a webhook with the keys that count (decoded, several while one takes the place of another) and the time in seconds since the
/// Unix epoch. Returns its id.
///
/// # Errors
/// `missing`, `malformed`, `clock-skew` or `mac-mismatch`, the first that applies in this order.
pub fn verify<'h>(headers: &'h HeaderMap, body: &[u8], keys: &[&[u8]], now_unix: i64) -> Result<&'h str, Rejection> {
    let (id, timestamp) = (id(headers)?, field(headers, WEBHOOK_TIMESTAMP)?);
    let signed_unix = seconds(timestamp)?;
    let signatures = signatures(field(headers, WEBHOOK_SIGNATURE)?)?;
    // Every key meets every signature, so that the time an answer takes does not tell which of them was near.
    let mut fits = false;
    for key in keys {
        let mac = mac_of(key, id, timestamp, body);
        for signature in &signatures {
            fits |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    if let Some(detail) = skew(signed_unix, now_unix) {
        return Err(Rejection::new(Reason::ClockSkew, detail));
    }
    if !fits {
        return Err(Rejection::new(Reason::MacMismatch, "no signature fits the id, the timestamp, the body and a secret that counts"));
    }
    Ok(id)
}

/// Signs a webhook: the value of `webhook-signature`. `timestamp_unix` is in seconds; the key is the secret's, decoded.
#[must_use]
pub fn sign(id: &str, timestamp_unix: i64, body: &[u8], key: &[u8]) -> String {
    let mac = mac_of(key, id, &timestamp_unix.to_string(), body).finalize().into_bytes();
    format!("{VERSION},{}", STANDARD.encode(mac))
}

fn mac_of(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = mac(key, &format!("{id}.{timestamp}."));
    mac.update(body);
    mac
}

/// A field that must be there, once, as visible ASCII characters and spaces.
fn field<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, Rejection> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else {
        return Err(Rejection::new(Reason::Missing, format!("the request has no field `{name}`")));
    };
    if lines.next().is_some() {
        return Err(Rejection::malformed(format!("`{name}` occurs twice")));
    }
    if line.len() > MAX_FIELD_LEN {
        return Err(Rejection::malformed(format!("`{name}` is longer than {MAX_FIELD_LEN} bytes")));
    }
    line.to_str().map_err(|_| Rejection::malformed(format!("`{name}` contains something other than ASCII characters")))
}

/// A full stop ends the id in what is signed, so an id with one could be read as another id and another timestamp.
fn id(headers: &HeaderMap) -> Result<&str, Rejection> {
    let id = field(headers, WEBHOOK_ID)?;
    let fits = (1..=MAX_ID_LEN).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
    let expected = || format!("`{WEBHOOK_ID}` is not 1 to {MAX_ID_LEN} visible ASCII characters without a full stop");
    if fits { Ok(id) } else { Err(Rejection::malformed(expected())) }
}

fn seconds(timestamp: &str) -> Result<i64, Rejection> {
    let is_number = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = timestamp.parse().ok().filter(|_| is_number);
    seconds.ok_or_else(|| Rejection::malformed(format!("`{WEBHOOK_TIMESTAMP}` is not a whole number of seconds since 1970")))
}

/// The MACs of our scheme among the signatures.
fn signatures(field: &str) -> Result<Vec<[u8; MAC_LEN]>, Rejection> {
    let mut macs = Vec::new();
    for (position, signature) in field.split_ascii_whitespace().enumerate() {
        if position == MAX_SIGNATURES {
            return Err(Rejection::malformed(format!("`{WEBHOOK_SIGNATURE}` has more than {MAX_SIGNATURES} signatures")));
        }
        let (version, encoded) = signature
            .split_once(',')
            .ok_or_else(|| Rejection::malformed(format!("a signature of `{WEBHOOK_SIGNATURE}` is not of the form version,base64")))?;
        if version == VERSION {
            let mac = STANDARD.decode(encoded).ok().and_then(|bytes| bytes.try_into().ok());
            let expected = || format!("a {VERSION} signature of `{WEBHOOK_SIGNATURE}` is not the base64 of {MAC_LEN} bytes");
            macs.push(mac.ok_or_else(|| Rejection::malformed(expected()))?);
        }
    }
    if macs.is_empty() {
        return Err(Rejection::malformed(format!("`{WEBHOOK_SIGNATURE}` has no signature of the version {VERSION}")));
    }
    Ok(macs)
}

/// What is wrong with the attempt's time, if anything.
fn skew(signed_unix: i64, now_unix: i64) -> Option<String> {
    match now_unix.saturating_sub(signed_unix) {
        age_s if age_s > TOLERANCE_S => Some(format!("signed {age_s} s ago; at most {TOLERANCE_S} s are accepted")),
        age_s if age_s < -TOLERANCE_S => {
            Some(format!("signed {} s in the future; at most {TOLERANCE_S} s are accepted", age_s.unsigned_abs()))
        }
        _ => None,
    }
}
