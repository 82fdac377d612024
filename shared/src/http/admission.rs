//! Who may come in: the signature, the tenant's standing, the scope.

use http::request::Parts;

use super::{Code, Problem, State};
use crate::{
    auth::{AuthError, Authenticated, Repeatable},
    domain::timestamp::Timestamp,
    function::{Access, HttpSpec},
    signature::RequestParts,
    telemetry::metrics::SIGNATURE_REJECTIONS,
};

/// The caller, if it may call this endpoint; `None` on a public one. `key` is the request's idempotency key, if it has a good one.
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
) -> Result<Option<Authenticated>, Problem> {
    let scope = match spec.permission {
        Access::Public => return Ok(None),
        Access::Any => None,
        Access::Scope(scope) => Some(scope),
    };
    let repeatable = key.map(|key| Repeatable { function: spec.name, key });
    let authenticated = authenticate(state, parts, body, repeatable, now).await?;
    let principal = &authenticated.principal;
    if principal.suspended {
        return Err(Problem::new(Code::TenantSuspended));
    }
    if let Some(scope) = scope.filter(|scope| !principal.may(*scope)) {
        return Err(Problem::insufficient_scope(scope));
    }
    Ok(Some(authenticated))
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
            metrics::counter!(SIGNATURE_REJECTIONS, "reason" => rejection.reason.as_str()).increment(1);
        }
        error.into()
    })
}
