//! Who may come in: the signature or the session, the rate, the tenant's standing, the scope.

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION, request::Parts};

use super::{Code, Problem, State, rate_limits};
use crate::{
    auth::{AuthError, Authenticated, Principal, Sought},
    domain::{rate::RateClass, timestamp::Timestamp},
    function::{Access, HttpSpec},
    secrets::WebhookSecret,
    signature::{Reason, RequestParts, required_components, standard_webhooks},
    telemetry::metrics::SIGNATURE_REJECTIONS,
};

/// Before the token of a session (RFC 6750 §2.1).
const BEARER: &str = "Bearer ";

/// Who calls.
#[derive(Debug, Clone)]
pub(super) enum Admitted {
    /// Whoever it is: the endpoint is public.
    Anyone,
    /// The holder of a key, or of a session that a key lent.
    Key(Principal),
    /// A partner, with the webhook of this id.
    Webhook(String),
}

/// Who calls, not yet whether they may.
#[derive(Debug)]
pub(super) enum Caller {
    /// Whoever it is: the endpoint is public.
    Anyone,
    /// A partner, with the webhook of this id.
    Webhook(String),
    /// Somebody's key or session.
    Known(Authenticated),
}

/// Who calls this endpoint, and what is kept of what they seek.
///
/// # Errors
/// 401 by the signature's reason or `unauthenticated` for a session, 503 when the keys' store is away.
pub(super) async fn identify(
    spec: &HttpSpec,
    state: &State,
    parts: &Parts,
    body: &[u8],
    sought: Sought<'_>,
    now: Timestamp,
) -> Result<Caller, Problem> {
    match spec.permission {
        Access::Public => Ok(Caller::Anyone),
        Access::Webhook => webhook(state, parts, body, now).map(Caller::Webhook),
        Access::Any | Access::Scope(_) => {
            let known = match session_token(&parts.headers) {
                Some(token) => in_session(state, parts, body, token, sought, now).await?,
                None => signed(state, parts, body, sought, now).await?,
            };
            Ok(Caller::Known(known))
        }
    }
}

/// Whether the caller may have what the endpoint does, now.
///
/// # Errors
/// 429 `rate_limited`, 403 `tenant_suspended` or `insufficient_scope`.
pub(super) fn permit(spec: &HttpSpec, caller: &Authenticated) -> Result<(), Problem> {
    rate_limits::require_room(&caller.standing)?;
    if caller.principal.suspended {
        return Err(Problem::new(Code::TenantSuspended));
    }
    match spec.permission {
        Access::Scope(scope) if !caller.principal.may(scope) => Err(Problem::insufficient_scope(scope)),
        _ => Ok(()),
    }
}

fn as_signed<'a>(parts: &'a Parts, body: &'a [u8]) -> RequestParts<'a> {
    RequestParts { method: parts.method.as_str(), path: parts.uri.path(), query: parts.uri.query(), headers: &parts.headers, body }
}

async fn signed(state: &State, parts: &Parts, body: &[u8], sought: Sought<'_>, now: Timestamp) -> Result<Authenticated, Problem> {
    state.authenticator().signed(&as_signed(parts, body), sought, now).await.map_err(|error| {
        if let AuthError::Rejected(rejection) = &error {
            count(rejection.reason);
        }
        error.into()
    })
}

async fn in_session(
    state: &State,
    parts: &Parts,
    body: &[u8],
    token: &str,
    sought: Sought<'_>,
    now: Timestamp,
) -> Result<Authenticated, Problem> {
    let accepted = required_components(&as_signed(parts, body));
    if RateClass::of(parts.method.as_str()) != RateClass::Reads {
        return Err(Problem::no_session("a session reads and does nothing else; sign the request").accepting(&accepted));
    }
    state.authenticator().in_session(token, sought, now).await.map_err(|error| Problem::from(error).accepting(&accepted))
}

/// The token of a request that is not signed. A signature counts more: it says what a token cannot.
fn session_token(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key("signature") || headers.contains_key("signature-input") {
        return None;
    }
    let value = headers.get(AUTHORIZATION).map(HeaderValue::to_str)?.ok()?;
    let scheme = value.get(..BEARER.len())?;
    scheme.eq_ignore_ascii_case(BEARER).then(|| value[BEARER.len()..].trim())
}

/// The id of a webhook that the partner signed.
fn webhook(state: &State, parts: &Parts, body: &[u8], now: Timestamp) -> Result<String, Problem> {
    let keys: Vec<&[u8]> = state.webhook_secrets().iter().map(WebhookSecret::key).collect();
    let id = standard_webhooks::verify(&parts.headers, body, &keys, now.as_second());
    id.map(str::to_owned).map_err(|rejection| {
        count(rejection.reason);
        rejection.into()
    })
}

fn count(reason: Reason) {
    metrics::counter!(SIGNATURE_REJECTIONS, "reason" => reason.as_str()).increment(1);
}
