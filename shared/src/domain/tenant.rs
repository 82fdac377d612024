//! A tenant: whose orders they are, what it has agreed to, and how an operator changes either.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    ids::TenantId,
    invalid::{FieldError, FieldErrors, NAME_MAX},
    patch::Patch,
    policy::{PolicyPatch, TenantPolicy},
    schema::Name,
    text_enum::text_enum,
    timestamp::Timestamp,
};

text_enum! {
    /// Whether a tenant may act.
    TenantStatus {
        /// It may.
        Active = "active",
        /// Its keys are refused whatever they ask for. Messages about its orders are applied all the same.
        Suspended = "suspended",
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// For people.
    pub name: String,
    /// Whether it may act.
    pub status: TenantStatus,
    /// What it has agreed to.
    pub policy: TenantPolicy,
    /// +1 per change.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The body of `POST /v1/admin/tenants`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantRequest {
    /// For people.
    #[schema(value_type = Name)]
    pub name: String,
    /// What differs from the default policy.
    #[serde(default)]
    pub policy: PolicyPatch,
}

/// The body of `PATCH /v1/admin/tenants/{tenant_id}`: a JSON merge patch (RFC 7396).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPatch {
    /// For people.
    #[serde(default)]
    #[schema(value_type = Name)]
    pub name: Patch<String>,
    /// Suspends it, or lets it act again.
    #[serde(default)]
    #[schema(value_type = TenantStatus)]
    pub status: Patch<TenantStatus>,
    /// Member by member; `null` gives the whole default policy back.
    #[serde(default)]
    #[schema(value_type = Option<PolicyPatch>)]
    pub policy: Patch<PolicyPatch>,
}

impl Tenant {
    /// A tenant that may exist, at its first version.
    ///
    /// # Errors
    /// Everything that is wrong with the request.
    pub fn parse(request: &TenantRequest, id: TenantId, now: Timestamp) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        errors.text(&request.name, NAME_MAX, "/name");
        let policy = TenantPolicy::default().patched(&request.policy, &mut errors);
        errors.into_result()?;
        let name = request.name.clone();
        Ok(Self { id, name, status: TenantStatus::Active, policy, version: 1, created_at: now, updated_at: now })
    }

    /// This tenant after a patch: the next version of it, or itself when the patch changes nothing.
    ///
    /// # Errors
    /// Everything that is wrong with the patch.
    pub fn patched(&self, patch: &TenantPatch, now: Timestamp) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        if let Patch::Set(name) = &patch.name {
            errors.text(name, NAME_MAX, "/name");
        }
        let name = required(&patch.name, &self.name, "/name", &mut errors);
        let status = required(&patch.status, &self.status, "/status", &mut errors);
        let policy = match &patch.policy {
            Patch::Keep => self.policy.clone(),
            Patch::Remove => TenantPolicy::default(),
            Patch::Set(policy) => self.policy.patched(policy, &mut errors),
        };
        errors.into_result()?;
        let patched = Self { name, status, policy, ..self.clone() };
        Ok(if patched == *self { patched } else { Self { version: self.version + 1, updated_at: now, ..patched } })
    }
}

/// A member that every tenant has.
fn required<T: Clone>(patch: &Patch<T>, kept: &T, pointer: &str, errors: &mut FieldErrors) -> T {
    match patch {
        Patch::Keep => kept.clone(),
        Patch::Set(value) => value.clone(),
        Patch::Remove => {
            errors.push(pointer, "required", "cannot be removed");
            kept.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    const LATER: Timestamp = Timestamp::from_microsecond(1);

    fn tenant() -> Tenant {
        let request = serde_json::from_value(json!({ "name": "Tea shop", "policy": { "lines_max": 5 } })).unwrap();
        Tenant::parse(&request, TenantId::new(Uuid::from_u128(1)), Timestamp::from_microsecond(0)).unwrap()
    }

    fn patched(patch: Value) -> Result<Tenant, Vec<FieldError>> {
        tenant().patched(&serde_json::from_value(patch).unwrap(), LATER)
    }

    #[test]
    fn a_change_is_a_new_version_and_no_change_is_none() {
        let suspended = patched(json!({ "status": "suspended" })).unwrap();
        assert_eq!(suspended, Tenant { status: TenantStatus::Suspended, version: 2, updated_at: LATER, ..tenant() });
        for nothing in [json!({}), json!({ "name": "Tea shop", "status": "active", "policy": { "lines_max": 5 } }), json!({ "policy": {} })]
        {
            assert_eq!(patched(nothing).unwrap(), tenant());
        }
    }

    #[test]
    fn null_resets_the_policy_and_removes_nothing_else() {
        assert_eq!(patched(json!({ "policy": null })).unwrap().policy, TenantPolicy::default());
        let errors = patched(json!({ "name": null, "status": null })).unwrap_err();
        let named: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.code)).collect();
        assert_eq!(named, [("/name", "required"), ("/status", "required")]);
    }

    #[test]
    fn a_name_has_its_bounds() {
        for (length, fits) in [(0, false), (1, true), (200, true), (201, false)] {
            assert_eq!(patched(json!({ "name": "ü".repeat(length) })).is_ok(), fits, "{length}");
        }
    }
}
