//! The authenticated caller.

use std::sync::Arc;

use crate::domain::{
    ids::{KeyId, TenantId},
    permissions::Permission,
    policy::TenantPolicy,
};

/// An authenticated caller: whose key it is and what that key may do. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The tenant that owns the key.
    pub tenant: TenantId,
    /// The key that signed the request.
    pub key: KeyId,
    /// What the key may do.
    pub scopes: Arc<[Permission]>,
    /// What the tenant has agreed to.
    pub policy: Arc<TenantPolicy>,
    /// The tenant may not act at all.
    pub suspended: bool,
}

impl Principal {
    /// Whether the key holds a scope.
    pub fn may(&self, permission: Permission) -> bool {
        self.scopes.contains(&permission)
    }
}
