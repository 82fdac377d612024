//! Request signatures: the profile `orders-v1` of RFC 9421 (HTTP Message Signatures, hmac-sha256) with RFC 9530 digests.
//!
//! One profile in both directions: callers sign their requests to us and we sign ours to partners.
//! Read in this order: this file (what goes in, what a refusal says), `base` (what a signature covers),
//! [`sign()`], `verify`. Webhooks of partners have a scheme of their own, [`standard_webhooks`], and the same reasons.
//!
//! Nothing here does IO or reads a clock: key look-up, the nonce store and `now` belong to the caller.

mod base;
mod member;
mod sign;
pub mod standard_webhooks;
#[cfg(test)]
mod tests;
mod verify;

use http::HeaderMap;

pub use base::required_components;
pub use sign::{SignedHeaders, sign};
pub use verify::{Unverified, Verified};

/// The value of the `tag` parameter that names this profile.
pub const PROFILE_TAG: &str = "orders-v1";

/// A signature may be at most this old, in seconds; beyond it the request is refused as `clock-skew`.
pub const MAX_AGE_S: i64 = 300;

/// A signature may be at most this far in the future, in seconds; beyond it the request is refused as `clock-skew`.
pub const MAX_AHEAD_S: i64 = 60;

/// The shortest nonce, in characters; a shorter one is refused as `malformed`, because it would soon repeat.
pub const MIN_NONCE_LEN: usize = 8;

/// The longest nonce, in characters; a longer one is refused as `malformed`, because the nonce store keeps it.
pub const MAX_NONCE_LEN: usize = 64;

/// The longest key id, in characters; a longer one is refused as `malformed` before anybody looks it up.
pub const MAX_KEY_ID_LEN: usize = 128;

/// The longest `Signature-Input`, `Signature` or `Content-Digest` field, in bytes; a longer one is refused as `malformed`.
pub const MAX_FIELD_LEN: usize = 8 * 1024;

/// The most components one signature may cover; more are refused as `malformed`.
pub const MAX_COMPONENTS: usize = 64;

/// The parts of a request that a signature is made of, as they are on the wire.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The method, in the case it was sent.
    pub method: &'a str,
    /// The path, still percent-encoded; an empty one counts as `/`.
    pub path: &'a str,
    /// The query, still percent-encoded and without its `?`; `None` and the empty text sign alike.
    pub query: Option<&'a str>,
    /// All header fields.
    pub headers: &'a HeaderMap,
    /// The whole body; an empty slice when there is none.
    pub body: &'a [u8],
}

/// Why a request's signature was refused: the vocabulary of our 401 answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// `Signature` or `Signature-Input` is absent.
    Missing,
    /// A field or parameter cannot be read, or breaks a rule of the profile.
    Malformed,
    /// Nobody holds the key that the signature names.
    UnknownKey,
    /// The signature is too old, too far in the future, or past its own `expires`.
    ClockSkew,
    /// The body is not the one `Content-Digest` describes.
    DigestMismatch,
    /// The signature leaves out a component this request must cover, or covers one that the request does not carry.
    MissingComponent,
    /// The MAC does not fit: another secret, or the request was changed on its way.
    MacMismatch,
    /// The nonce was seen before; only the caller, who keeps the nonces, decides this.
    Replayed,
}

impl Reason {
    /// Every reason, in the order in which they are tested.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Malformed,
        Self::MissingComponent,
        Self::UnknownKey,
        Self::ClockSkew,
        Self::DigestMismatch,
        Self::MacMismatch,
        Self::Replayed,
    ];

    /// The reason as callers see it, in kebab case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown-key",
            Self::ClockSkew => "clock-skew",
            Self::DigestMismatch => "digest-mismatch",
            Self::MissingComponent => "missing-component",
            Self::MacMismatch => "mac-mismatch",
            Self::Replayed => "replayed",
        }
    }
}

/// A refused signature. Every text in it may be shown to the caller: none repeats a secret or the expected MAC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("signature refused ({}): {detail}", reason.as_str())]
pub struct Rejection {
    /// What kind of refusal this is.
    pub reason: Reason,
    /// One sentence that tells the caller what to mend.
    pub detail: String,
    /// The components that a signature of this very request must cover, in the order in which [`sign()`] covers them.
    pub required_components: Vec<&'static str>,
}

impl Rejection {
    /// The refusal of a request whose signature fits and whose nonce was seen before.
    #[must_use]
    pub fn replayed(parts: &RequestParts<'_>) -> Self {
        let detail = "the nonce was used before; sign every request anew".to_owned();
        Self { reason: Reason::Replayed, detail, required_components: required_components(parts) }
    }
}
