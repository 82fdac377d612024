//! API keys: what one may do and until when, and what a key may grant to another. The secret is no part of it: see `secrets`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    ids::{KeyId, TenantId},
    invalid::{FieldError, FieldErrors, NAME_MAX},
    permissions::Permission,
    schema::{Name, OverlapSeconds},
    timestamp::Timestamp,
};

/// How long a rotated key goes on beside its successor unless told otherwise: one day.
pub const OVERLAP_SECONDS_DEFAULT: u32 = 86_400;
/// How long it may at most: seven days. Two secrets for one purpose are for the time of a change.
pub const OVERLAP_SECONDS_MAX: u32 = 7 * 86_400;

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which names its tenant.
    pub id: KeyId,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on nobody holds it.
    pub expires_at: Option<Timestamp>,
    /// From then on nobody holds it.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether somebody holds it at that moment: it has neither expired nor been revoked.
    pub fn is_held_at(&self, now: Timestamp) -> bool {
        [self.expires_at, self.revoked_at].into_iter().flatten().all(|end| now < end)
    }

    /// A key that does what this one does, for as long as this one was meant to.
    #[must_use]
    pub fn successor(&self, id: KeyId, now: Timestamp) -> Self {
        Self { id, created_at: now, ..self.clone() }
    }

    /// This key with an end, unless it ends earlier by itself.
    #[must_use]
    pub fn ending_at(&self, end: Timestamp) -> Self {
        Self { expires_at: Some(self.expires_at.map_or(end, |own| own.min(end))), ..self.clone() }
    }
}

/// The body of `POST /v1/api-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyRequest {
    /// For people.
    #[schema(value_type = Name)]
    pub name: String,
    /// What it may do: at least one scope, each once, none that the calling key lacks.
    #[schema(min_items = 1)]
    pub scopes: Vec<Permission>,
    /// Lies ahead; without it the key is good until it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// The body of `POST /v1/api-keys/{key_id}/rotate`, which may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationRequest {
    /// How long the old key goes on, 0 to 604,800; one day unless told otherwise.
    #[schema(value_type = Option<OverlapSeconds>)]
    pub overlap_seconds: Option<u32>,
}

/// Who grants: the key that calls, or whoever runs the service.
#[derive(Debug, Clone, Copy)]
pub struct Grantor<'a> {
    /// Whose key it will be.
    pub tenant: TenantId,
    /// What may be granted.
    pub scopes: &'a [Permission],
}

impl Grantor<'_> {
    /// Whether a scope may be granted. A tenant's key grants none of the operator's, even if it were to hold one.
    fn may_grant(&self, scope: Permission) -> bool {
        self.scopes.contains(&scope) && (self.tenant == TenantId::OPERATOR || !scope.is_operators())
    }

    /// The first scope of a key that may not be granted: whoever gets the key's secret would gain it.
    pub fn lacks(&self, scopes: &[Permission]) -> Option<Permission> {
        scopes.iter().copied().find(|scope| !self.may_grant(*scope))
    }
}

impl ApiKeyRequest {
    /// A key that may exist.
    ///
    /// # Errors
    /// Everything that is wrong with the request.
    pub fn parse(self, id: KeyId, grantor: Grantor<'_>, now: Timestamp) -> Result<ApiKey, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        errors.text(&self.name, NAME_MAX, "/name");
        errors.require(!self.scopes.is_empty(), "/scopes", "length", "must have at least one scope");
        for (index, scope) in self.scopes.iter().enumerate() {
            let pointer = format!("/scopes/{index}");
            if self.scopes[..index].contains(scope) {
                errors.push(pointer, "duplicate", format!("{scope} is listed twice"));
            } else if !grantor.may_grant(*scope) {
                errors.push(pointer, "not_granted", format!("the calling key lacks {scope} and cannot grant it"));
            }
        }
        let lies_ahead = self.expires_at.is_none_or(|expires_at| expires_at > now);
        errors.require(lies_ahead, "/expires_at", "out_of_range", format_args!("must be later than now, {now}"));
        errors.into_result()?;
        Ok(ApiKey { id, name: self.name, scopes: self.scopes, created_at: now, expires_at: self.expires_at, revoked_at: None })
    }
}

impl RotationRequest {
    /// When the old key ends, if it does not end earlier by itself.
    ///
    /// # Errors
    /// An overlap that is too long.
    pub fn ends_at(&self, now: Timestamp) -> Result<Timestamp, Vec<FieldError>> {
        let overlap = self.overlap_seconds.unwrap_or(OVERLAP_SECONDS_DEFAULT);
        let mut errors = FieldErrors::default();
        let fits = overlap <= OVERLAP_SECONDS_MAX;
        errors.require(fits, "/overlap_seconds", "out_of_range", format_args!("must be 0 to {OVERLAP_SECONDS_MAX}, is {overlap}"));
        errors.into_result().map(|()| now.plus_seconds(i64::from(overlap)))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_microsecond(1_000_000);
    const TENANT: TenantId = TenantId::new(Uuid::from_u128(1));

    fn wrong(tenant: TenantId, held: &[Permission], scopes: &[Permission], expires_at: Option<Timestamp>) -> Vec<(String, &'static str)> {
        let request = ApiKeyRequest { name: "till 3".into(), scopes: scopes.into(), expires_at };
        let id = KeyId { tenant, key: Uuid::from_u128(2) };
        let errors = request.parse(id, Grantor { tenant, scopes: held }, NOW).err().unwrap_or_default();
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn a_key_grants_what_it_holds_and_no_more() {
        let held = [Permission::KeysWrite, Permission::OrdersRead];
        assert!(wrong(TENANT, &held, &[Permission::OrdersRead], None).is_empty());
        let more = wrong(TENANT, &held, &[Permission::OrdersRead, Permission::OrdersWrite], None);
        assert_eq!(more, [("/scopes/1".to_owned(), "not_granted")]);
    }

    #[test]
    fn only_operators_grant_what_is_the_operators() {
        for scope in [Permission::Admin, Permission::OpsRead, Permission::OpsWrite] {
            assert_eq!(wrong(TENANT, Permission::ALL, &[scope], None), [("/scopes/0".to_owned(), "not_granted")], "{scope}");
            assert!(wrong(TenantId::OPERATOR, Permission::ALL, &[scope], None).is_empty(), "{scope}");
        }
    }

    #[test]
    fn scopes_are_some_and_each_is_listed_once() {
        assert_eq!(wrong(TENANT, Permission::ALL, &[], None), [("/scopes".to_owned(), "length")]);
        let twice = [Permission::OrdersRead, Permission::OrdersRead];
        assert_eq!(wrong(TENANT, Permission::ALL, &twice, None), [("/scopes/1".to_owned(), "duplicate")]);
    }

    #[test]
    fn a_key_does_not_begin_expired() {
        let scopes = [Permission::OrdersRead];
        assert_eq!(wrong(TENANT, &scopes, &scopes, Some(NOW)), [("/expires_at".to_owned(), "out_of_range")]);
        assert!(wrong(TENANT, &scopes, &scopes, Some(Timestamp::from_microsecond(1_000_001))).is_empty());
    }

    #[test]
    fn an_overlap_has_its_bound_and_its_default() {
        let ends_at = |overlap_seconds| RotationRequest { overlap_seconds }.ends_at(NOW).ok();
        assert_eq!(ends_at(Some(0)), Some(NOW));
        assert_eq!(ends_at(None), Some(NOW.plus_seconds(86_400)));
        assert_eq!(ends_at(Some(604_800)), Some(NOW.plus_seconds(604_800)));
        assert_eq!(ends_at(Some(604_801)), None);
    }
}
