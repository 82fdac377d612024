//! The one conversion of each inner error into what a caller sees. Exhaustive on purpose: a new variant must be given a code here.

use http::{
    HeaderValue,
    header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{Code, Problem};
use crate::{
    auth::AuthError,
    clock,
    commands::CommandError,
    domain::order::{
        actions::NotAllowed,
        draft::{Exceeded, Limit},
    },
    live::NotFollowed,
    queries::QueryError,
    signature::{PROFILE_TAG, Reason, Rejection, standard_webhooks},
};

/// When a stream of a tenant that has too many may be tried again, in seconds: some of them end by themselves.
const STREAM_RETRY_AFTER_S: &str = "10";

/// What a caller should sign (RFC 9421 §5.1).
const ACCEPT_SIGNATURE: HeaderName = HeaderName::from_static("accept-signature");

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            // A message may wait for what is not known yet; a caller may not.
            CommandError::NotFound | CommandError::NotYetKnown(_) => Self::not_found(),
            CommandError::KeyEnded => Self::new(Code::KeyEnded),
            CommandError::ScopeNotHeld(scope) => Self::insufficient_scope(scope),
            CommandError::Invalid(errors) => Self::invalid(errors),
            CommandError::NotAllowed(refused) => Self::not_allowed(&refused),
            CommandError::Exceeds(Exceeded { limit, pointer, asked, available }) => {
                let code = match limit {
                    Limit::Capturable => Code::AmountExceedsCapturable,
                    Limit::Refundable => Code::AmountExceedsRefundable,
                    Limit::Quantity => Code::QuantityExceedsAvailable,
                };
                Self::new(code)
                    .detail(format!("{asked} exceeds the {available} that there are; ask for {available} or less"))
                    .member("pointer", pointer)
                    .member("asked", asked)
                    .member("available", available)
            }
            CommandError::NothingToSettle(why) => Self::new(Code::InvalidTransition).detail(why),
            CommandError::VersionMismatch { current } => Self::new(Code::VersionMismatch)
                .detail(format!("the resource has version {current}; read it again and decide anew"))
                .member("version", current),
            CommandError::IdempotencyInProgress => Self::new(Code::IdempotencyInProgress),
            CommandError::IdempotencyKeyReused => {
                Self::new(Code::IdempotencyKeyReused).detail("the key was used with another method, path, query or body")
            }
            CommandError::OrderBusy => Self::new(Code::OrderBusy),
            CommandError::DuplicateExternalReference { order } => {
                Self::new(Code::DuplicateExternalReference).member("order_id", order.to_string())
            }
            CommandError::OutcomeUnknown(_) => {
                Self::unavailable(error).detail("whether it took effect is not known; the same request with the same key settles it")
            }
            CommandError::Unavailable(_) | CommandError::PartnerUnavailable(_) | CommandError::Contended(_) => Self::unavailable(error),
            CommandError::Poison(_) | CommandError::Internal(_) => Self::internal(error),
        }
    }
}

impl Problem {
    /// With what a signature would have to cover (RFC 9421 §5.1).
    pub(super) fn accepting(self, components: &[&str]) -> Self {
        // Names of components are visible ASCII.
        match HeaderValue::from_str(&accept_signature(components)) {
            Ok(value) => self.header(ACCEPT_SIGNATURE, value),
            Err(_) => self,
        }
    }

    /// 409: the order does not allow it now; with why, and with everything that could be asked for instead.
    fn not_allowed(refused: &NotAllowed) -> Self {
        let code = if refused.on_hold { Code::OrderOnHold } else { Code::InvalidTransition };
        let reasons = refused.reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>();
        // Lists of texts, numbers and booleans are always JSON.
        let problem = Self::new(code)
            .detail(format!("{} is not allowed now: {}", refused.action, reasons.join(", ")))
            .member("reasons", reasons)
            .member("allowed_actions", serde_json::to_value(&refused.allowed_actions).unwrap_or_default());
        if refused.cancellable_lines.is_empty() {
            return problem;
        }
        problem.member("cancellable_lines", serde_json::to_value(&refused.cancellable_lines).unwrap_or_default())
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotFound => Self::not_found(),
            QueryError::Unavailable(_) => Self::unavailable(error),
            QueryError::Internal(_) => Self::internal(error),
        }
    }
}

impl From<NotFollowed> for Problem {
    fn from(error: NotFollowed) -> Self {
        match error {
            NotFollowed::Full => Self::unavailable(error),
            NotFollowed::FullOfTenant => Self::new(Code::RateLimited)
                .detail("the tenant has as many open streams as one may have; close some of them")
                .header(RETRY_AFTER, HeaderValue::from_static(STREAM_RETRY_AFTER_S)),
            NotFollowed::Database(error) => QueryError::from(error).into(),
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Rejected(rejection) => rejection.into(),
            AuthError::NoSession => Self::no_session("the session has ended, or the token is none of ours"),
            AuthError::Unavailable(_) => Self::unavailable(error),
            AuthError::Internal(_) => Self::internal(error),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        refused_signature(rejection.reason, HeaderValue::from_static("Signature"))
            .accepting(&rejection.required_components)
            .member("required_components", rejection.required_components)
            .detail(rejection.detail)
    }
}

impl From<standard_webhooks::Rejection> for Problem {
    fn from(rejection: standard_webhooks::Rejection) -> Self {
        refused_signature(rejection.reason, HeaderValue::from_static("StandardWebhooks")).detail(rejection.detail)
    }
}

/// 401: signed badly, by the rules of this scheme.
fn refused_signature(reason: Reason, scheme: HeaderValue) -> Problem {
    Problem::new(signature_code(reason))
        .member("reason", reason.as_str())
        .member("server_time", clock::now().to_string())
        .header(WWW_AUTHENTICATE, scheme)
}

fn signature_code(reason: Reason) -> Code {
    match reason {
        Reason::Missing => Code::SignatureMissing,
        Reason::Malformed => Code::SignatureMalformed,
        Reason::UnknownKey => Code::SignatureUnknownKey,
        Reason::ClockSkew => Code::SignatureClockSkew,
        Reason::DigestMismatch => Code::SignatureDigestMismatch,
        Reason::MissingComponent => Code::SignatureMissingComponent,
        Reason::MacMismatch => Code::SignatureMacMismatch,
        Reason::Replayed => Code::SignatureReplayed,
    }
}

fn accept_signature(components: &[&str]) -> String {
    let covered = components.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ");
    format!("sig1=({covered});created;alg=\"hmac-sha256\";tag=\"{PROFILE_TAG}\"")
}
