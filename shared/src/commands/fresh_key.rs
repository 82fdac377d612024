//! A key that was just made, and its secret, which is shown in one answer and stored nowhere but sealed in the key's own row.
//!
//! The answer that is kept for a replay therefore lacks the secret: its place says whose it is. A replay puts it back, and the
//! answer is the first one byte for byte.

use secrecy::{ExposeSecret, SecretString};

use super::{Answer, CommandError, Context};
use crate::{
    db::{TenantTx, api_keys},
    domain::{
        actor::Actor,
        api_key::ApiKey,
        ids::{KeyId, NewIds, TenantId},
        timestamp::Timestamp,
    },
    secrets,
};

/// Stands on both sides of a key's id, in place of its secret. JSON text never holds it bare (RFC 8259 §7), so no caller can write it.
const MARK: char = '\0';

/// A key and its secret, for the one answer that shows it.
#[derive(Debug)]
pub struct FreshKey {
    /// The key.
    pub key: ApiKey,
    /// `osk_…`.
    pub secret: SecretString,
}

/// A fresh id in this tenant.
pub(super) fn fresh_id(tenant: TenantId, ids: &mut dyn NewIds) -> KeyId {
    KeyId { tenant, key: ids.next_uuid() }
}

/// Holds the calling key's row until the end of the transaction, if it is still somebody's. A process may know a revoked key for five
/// seconds more; in that time it must not get a successor, which would outlive the revocation.
///
/// # Errors
/// [`CommandError::KeyEnded`]; a store's failures.
pub(super) async fn hold_caller(tx: &mut TenantTx, actor: Actor, now: Timestamp) -> Result<(), CommandError> {
    // The operator's own key is in no table and ends with its process.
    let Actor::Key(caller) = actor else { return Ok(()) };
    if caller == KeyId::OPERATOR {
        return Ok(());
    }
    match api_keys::api_key_lock(tx, caller).await.map_err(CommandError::while_locking)? {
        Some(key) if key.is_held_at(now) => Ok(()),
        _ => Err(CommandError::KeyEnded),
    }
}

impl FreshKey {
    /// Draws a secret for a key and stores both.
    ///
    /// # Errors
    /// A store's failures.
    pub(super) async fn create(context: &Context, tx: &mut TenantTx, key: ApiKey) -> Result<Self, CommandError> {
        let secret = secrets::new_api_secret();
        let sealed = context.keyring.seal(&secrets::api_key_aad(key.id), secret.expose_secret().as_bytes());
        api_keys::api_key_create(tx, &key, &sealed).await?;
        Ok(Self { key, secret })
    }

    /// An answer that shows this key, as it may be stored.
    pub(super) fn withheld_from(&self, answer: &Answer) -> Answer {
        let place = format!("{MARK}{}{MARK}", self.key.id);
        Answer { body: answer.body.replace(self.secret.expose_secret(), &place), ..answer.clone() }
    }
}

/// A stored answer with the secret that was withheld from it; nothing when none was.
///
/// # Errors
/// A store's failures; [`CommandError::Internal`] when the key's row is gone or cannot be opened.
pub(super) async fn put_back(context: &Context, answer: &Answer) -> Result<Option<Answer>, CommandError> {
    let mut parts = answer.body.splitn(3, MARK);
    let (Some(before), Some(id), Some(after)) = (parts.next(), parts.next(), parts.next()) else { return Ok(None) };
    let id: KeyId = id.parse().map_err(|error| CommandError::Internal(Box::new(error)))?;
    let record = api_keys::api_key_find(&context.database, id).await?;
    let record = record.ok_or_else(|| CommandError::Internal("the key of a stored answer is gone".into()))?;
    let opened = context.keyring.open(&secrets::api_key_aad(id), &record.secret_sealed);
    let secret = opened.map_err(|error| CommandError::Internal(error.into()))?;
    let secret = String::from_utf8(secret).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Some(Answer { body: [before, &secret, after].concat(), ..answer.clone() }))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_stored_answer_names_the_key_where_the_secret_stood() {
        let id = KeyId { tenant: TenantId::new(Uuid::from_u128(1)), key: Uuid::from_u128(2) };
        let now = Timestamp::from_microsecond(0);
        let key = ApiKey { id, name: "\0".into(), scopes: Vec::new(), created_at: now, expires_at: None, revoked_at: None };
        let fresh = FreshKey { key, secret: "osk_x".to_owned().into() };
        let body = serde_json::json!({ "name": fresh.key.name, "secret": "osk_x" }).to_string();
        let answer = Answer { status: 201, location: None, etag: None, body };
        assert_eq!(fresh.withheld_from(&answer).body, format!("{{\"name\":\"\\u0000\",\"secret\":\"\0{id}\0\"}}"));
    }
}
