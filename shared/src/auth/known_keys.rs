//! API keys as this process last saw them, opened and ready to verify with.
//!
//! An entry lives for [`MAX_AGE`], so a revoked key stops working within that time. Unknown keys are remembered as well: guessing
//! costs PostgreSQL one look-up per id and age, not one per request.

use std::{sync::Arc, time::Duration};

use moka::future::Cache as Memory;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::AuthError;
use crate::{
    db::{self, Database, api_keys},
    domain::{
        ids::{KeyId, TenantId},
        permissions::Permission,
        policy::TenantPolicy,
        timestamp::Timestamp,
    },
    secrets::{self, Keyring},
};

/// How old an entry may be: the time within which a revocation takes effect.
const MAX_AGE: Duration = Duration::from_secs(5);

/// Keys remembered at once, unknown ones included; beyond it the least used go and are looked up again.
const CAPACITY: u64 = 10_000;

/// A key that exists, with its secret in the open.
pub(crate) struct KnownKey {
    pub secret: SecretSlice<u8>,
    pub scopes: Arc<[Permission]>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub tenant_suspended: bool,
    pub policy: Arc<TenantPolicy>,
}

impl KnownKey {
    /// The operator's own key. Its tenant is never suspended for it, so that whoever runs the service can always mend it.
    fn operators(secret: &SecretString) -> Self {
        Self {
            secret: secret.expose_secret().as_bytes().to_vec().into(),
            scopes: Permission::OF_OPERATORS.into(),
            expires_at: None,
            revoked_at: None,
            tenant_suspended: false,
            policy: Arc::default(),
        }
    }

    /// Neither expired nor revoked at that moment.
    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        [self.expires_at, self.revoked_at].into_iter().flatten().all(|end| now < end)
    }
}

/// The keys this process knows, and the way to those it does not.
#[derive(Clone)]
pub(super) struct KnownKeys {
    database: Database,
    keyring: Arc<Keyring>,
    /// The operator's own key, which is in no table.
    operator: Option<Arc<KnownKey>>,
    memory: Memory<KeyId, Option<Arc<KnownKey>>>,
}

impl KnownKeys {
    pub(super) fn new(database: Database, keyring: Arc<Keyring>, operator: Option<&SecretString>) -> Self {
        let memory = Memory::builder().max_capacity(CAPACITY).time_to_live(MAX_AGE).build();
        Self { database, keyring, operator: operator.map(|secret| Arc::new(KnownKey::operators(secret))), memory }
    }

    /// The key of this id; `None` when nobody holds it. Requests that miss together share one look-up.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] and [`AuthError::Internal`]; neither is remembered.
    pub(super) async fn find(&self, id: KeyId) -> Result<Option<Arc<KnownKey>>, AuthError> {
        if id == KeyId::OPERATOR {
            return Ok(self.operator.clone());
        }
        if let Some(known) = self.memory.get(&id).await {
            return Ok(known);
        }
        let found = self.memory.try_get_with(id, self.look_up(id)).await;
        found.map_err(|error| match &*error {
            // The look-up's error is shared with the others who waited for it, so it cannot be taken apart.
            AuthError::Internal(_) => AuthError::Internal(error.into()),
            AuthError::Unavailable(_) | AuthError::Rejected(_) | AuthError::NoSession => AuthError::Unavailable(error.into()),
        })
    }

    async fn look_up(&self, id: KeyId) -> Result<Option<Arc<KnownKey>>, AuthError> {
        let Some(record) = api_keys::api_key_find(&self.database, id).await.map_err(refused)? else {
            return Ok(None);
        };
        let secret =
            self.keyring.open(&secrets::api_key_aad(id), &record.secret_sealed).map_err(|error| AuthError::Internal(error.into()))?;
        Ok(Some(Arc::new(KnownKey {
            secret: secret.into(),
            scopes: record.scopes.into_iter().filter(|scope| counts(*scope, id.tenant)).collect(),
            expires_at: record.expires_at,
            revoked_at: record.revoked_at,
            tenant_suspended: record.tenant_suspended,
            policy: Arc::new(record.policy),
        })))
    }

    /// Puts a key where a look-up would have put it.
    #[cfg(test)]
    pub(super) async fn remember(&self, id: KeyId, key: Option<KnownKey>) {
        self.memory.insert(id, key.map(Arc::new)).await;
    }
}

/// `admin` reaches every tenant, so it counts in the operator's hands alone, whatever a row of another tenant says.
fn counts(scope: Permission, tenant: TenantId) -> bool {
    scope != Permission::Admin || tenant == TenantId::OPERATOR
}

fn refused(error: db::Error) -> AuthError {
    match error {
        db::Error::Unavailable(_) | db::Error::CommitUnknown(_) | db::Error::LockTimeout(_) | db::Error::Serialization(_) => {
            AuthError::Unavailable(error.into())
        }
        db::Error::Constraint(..) | db::Error::Unexpected(_) => AuthError::Internal(error.into()),
    }
}
