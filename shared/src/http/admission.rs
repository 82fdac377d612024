//! Who may come in: the signature, the tenant's standing, the scope.

use http::request::Parts;

use super::{Code, Problem, State};
use crate::{
    auth::{AuthError, Authenticated, Principal, Repeatable},
    domain::timestamp::Timestamp,
    function::{Access, HttpSpec},
    secrets::WebhookSecret,
    signature::{Reason, RequestParts, standard_webhooks},
    telemetry::metrics::SIGNATURE_REJECTIONS,
};

/// Who was let in.
#[derive(Debug, Clone)]
pub(super) enum Admitted {
    /// Whoever it is: the endpoint is public.
    Anyone,
    /// The holder of a key.
    Key(Principal),
    /// A partner, with the webhook of this id.
    Webhook(String),
}

/// Who calls, if it may call this endpoint, and the sealed answer of an earlier request under the same idempotency key, if Redis keeps
/// one. `key` is the request's idempotency key, if it has a good one.
///
/// # Errors
/// 401 by the signature's reason, 403 `tenant_suspended` or `insufficient_scope`, 503 when the keys' store is away.
pub(super) async fn admit(
    spec: &HttpSpec,
    state: &State,
    parts: &Parts,
    body: &[u8],
    key: Option<&str>,
    now: Timestamp,
) -> Result<(Admitted, Option<Vec<u8>>), Problem> {
    let scope = match spec.permission {
        Access::Public => return Ok((Admitted::Anyone, None)),
        Access::Webhook => return Ok((Admitted::Webhook(webhook(state, parts, body, now)?), None)),
        Access::Any => None,
        Access::Scope(scope) => Some(scope),
    };
    let repeatable = key.map(|key| Repeatable { function: spec.name, key });
    let Authenticated { principal, kept_answer } = authenticate(state, parts, body, repeatable, now).await?;
    if principal.suspended {
        return Err(Problem::new(Code::TenantSuspended));
    }
    if let Some(scope) = scope.filter(|scope| !principal.may(*scope)) {
        return Err(Problem::insufficient_scope(scope));
    }
    Ok((Admitted::Key(principal), kept_answer))
}

async fn authenticate(
    state: &State,
    parts: &Parts,
    body: &[u8],
    repeatable: Option<Repeatable<'_>>,
    now: Timestamp,
) -> Result<Authenticated, Problem> {
    let signed =
        RequestParts { method: parts.method.as_str(), path: parts.uri.path(), query: parts.uri.query(), headers: &parts.headers, body };
    state.authenticator().authenticate(&signed, repeatable, now).await.map_err(|error| {
        if let AuthError::Rejected(rejection) = &error {
            count(rejection.reason);
        }
        error.into()
    })
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
