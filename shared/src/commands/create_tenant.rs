//! Create a tenant with its first key.

use secrecy::{ExposeSecret, SecretString};

use super::{CommandError, Context};
use crate::{
    clock::{self, IdsAt},
    db::{
        TenantTx,
        tenants::{self, NewTenantRow},
    },
    domain::{
        ids::{KeyId, NewIds, TenantId},
        permissions::Permission,
        policy::TenantPolicy,
    },
    secrets,
};

/// Everything a tenant's own key may do; administrators and operators have keys of their own.
const FIRST_KEY_SCOPES: &[Permission] = &[
    Permission::OrdersWrite,
    Permission::OrdersRead,
    Permission::OrdersCancel,
    Permission::OrdersImport,
    Permission::PaymentsWrite,
    Permission::PaymentsRead,
    Permission::PaymentsRefund,
    Permission::KeysWrite,
];

/// A tenant to create.
#[derive(Debug, Clone)]
pub struct CreateTenant {
    /// For people, 1 to 200 characters.
    pub name: String,
    /// What it agrees to.
    pub policy: TenantPolicy,
}

/// What a new tenant needs to call us. The secret is shown once.
#[derive(Debug)]
pub struct CreatedTenant {
    /// Its id.
    pub tenant_id: TenantId,
    /// Id of its first key.
    pub key_id: KeyId,
    /// Secret of its first key: `osk_…`.
    pub secret: SecretString,
}

/// Creates it.
///
/// # Errors
/// A store's failures.
pub async fn execute(context: &Context, command: &CreateTenant) -> Result<CreatedTenant, CommandError> {
    let now = clock::now();
    let mut ids = IdsAt::new(now);
    let tenant = TenantId::new(ids.next_uuid());
    let key_id = KeyId { tenant, key: ids.next_uuid() };
    let secret = secrets::new_api_secret();
    let aad = secrets::row_aad("api_keys", tenant, &key_id.to_string());
    let secret_sealed = context.keyring.seal(&aad, secret.expose_secret().as_bytes());
    let row = NewTenantRow {
        tenant,
        name: &command.name,
        policy: &command.policy,
        key: key_id.key,
        key_name: "first key",
        scopes: FIRST_KEY_SCOPES,
        secret_sealed: &secret_sealed,
        now,
    };
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    tenants::tenant_create(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(CreatedTenant { tenant_id: tenant, key_id, secret })
}
