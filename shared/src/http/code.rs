//! Every problem code there is, with its status, its title and whether the same request may be sent again.
//!
//! Codes are the contract: callers branch on them, so one is never renamed. Where a code is used is not this file's matter.

use std::str::FromStr;

use crate::domain::text_enum::UnknownText;

/// Whether sending the same request again can help.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// It fails again until somebody changes something.
    No,
    /// It may work, and says itself when.
    Later,
    /// It may work after [`RETRY_AFTER_S`].
    Soon,
}

/// What `Retry-After` says for conditions that pass by themselves, in seconds.
const RETRY_AFTER_S: u16 = 1;

macro_rules! codes {
    ($($name:ident = $text:literal, $status:literal, $retry:ident, $title:literal;)*) => {
        /// A stable problem code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $text, "`, ", stringify!($status), ": ", $title, ".")] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its text on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Its HTTP status.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                }
            }

            /// What it means, the same sentence every time (RFC 9457 §3.1.3).
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }

            const fn retry(self) -> Retry {
                match self {
                    $(Self::$name => Retry::$retry,)*
                }
            }
        }
    };
}

codes! {
    Malformed = "malformed", 400, No, "The request cannot be read";
    IdempotencyKeyRequired = "idempotency_key_required", 400, No, "The request needs an Idempotency-Key";
    Unauthenticated = "unauthenticated", 401, No, "The caller is not known";
    SignatureMissing = "signature_missing", 401, No, "The request is not signed";
    SignatureMalformed = "signature_malformed", 401, No, "The signature cannot be read";
    SignatureUnknownKey = "signature_unknown_key", 401, No, "Nobody holds the key of the signature";
    SignatureClockSkew = "signature_clock_skew", 401, No, "The signature is too old or too far in the future";
    SignatureDigestMismatch = "signature_digest_mismatch", 401, No, "The body is not the one that was signed";
    SignatureMissingComponent = "signature_missing_component", 401, No, "The signature leaves something out";
    SignatureMacMismatch = "signature_mac_mismatch", 401, No, "The signature does not fit";
    SignatureReplayed = "signature_replayed", 401, No, "The signature was used before";
    InsufficientScope = "insufficient_scope", 403, No, "The key lacks the scope";
    TenantSuspended = "tenant_suspended", 403, No, "The tenant is suspended";
    NotFound = "not_found", 404, No, "There is no such thing";
    MethodNotAllowed = "method_not_allowed", 405, No, "The resource does not have this method";
    InvalidTransition = "invalid_transition", 409, No, "The order is not in a state that allows this";
    OrderBusy = "order_busy", 409, Soon, "Another change of the order is under way";
    OrderOnHold = "order_on_hold", 409, No, "The order is on hold";
    KeyEnded = "key_ended", 409, No, "The key has expired or was revoked";
    DuplicateExternalReference = "duplicate_external_reference", 409, No, "The external reference names another order";
    IdempotencyInProgress = "idempotency_in_progress", 409, Soon, "A request with this Idempotency-Key is under way";
    VersionMismatch = "version_mismatch", 412, No, "The resource has another version";
    PayloadTooLarge = "payload_too_large", 413, No, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", 415, No, "The body has a media type that is not taken here";
    ValidationFailed = "validation_failed", 422, No, "The request is not valid";
    IdempotencyKeyReused = "idempotency_key_reused", 422, No, "The Idempotency-Key belongs to another request";
    AmountExceedsCapturable = "amount_exceeds_capturable", 422, No, "More than can be captured";
    AmountExceedsRefundable = "amount_exceeds_refundable", 422, No, "More than can be refunded";
    QuantityExceedsAvailable = "quantity_exceeds_available", 422, No, "More than there is";
    PreconditionRequired = "precondition_required", 428, No, "The request needs an If-Match";
    RateLimited = "rate_limited", 429, Later, "Too many requests";
    Internal = "internal", 500, No, "Something went wrong on our side";
    DependencyUnavailable = "dependency_unavailable", 503, Soon, "The service cannot answer just now";
}

impl FromStr for Code {
    type Err = UnknownText;

    fn from_str(text: &str) -> Result<Self, UnknownText> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownText("problem code"))
    }
}

impl Code {
    /// Whether the same request, sent again, may succeed.
    pub const fn retryable(self) -> bool {
        !matches!(self.retry(), Retry::No)
    }

    /// The `Retry-After` of every problem of this code, in seconds.
    pub const fn retry_after_s(self) -> Option<u16> {
        match self.retry() {
            Retry::Soon => Some(RETRY_AFTER_S),
            Retry::No | Retry::Later => None,
        }
    }
}
