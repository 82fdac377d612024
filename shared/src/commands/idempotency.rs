//! Stored answers: sealed with the effect, opened for a replay.

use super::{Answer, CommandError, Context, Executed, Origin, origin::IdempotencyKey};
use crate::{
    db::{
        TenantTx,
        idempotency_records::{self, ClaimRow},
    },
    domain::{ids::TenantId, timestamp::Timestamp},
    secrets,
};

/// Binds a sealed answer to its record: nobody can move it to another tenant, function or key.
fn aad(tenant: TenantId, key: IdempotencyKey<'_>) -> Vec<u8> {
    secrets::row_aad("idempotency_records", tenant, &format!("{}/{}", key.function, key.key))
}

/// Seals an answer, to be stored with the effect that it tells of.
///
/// # Errors
/// [`CommandError::Internal`] when the answer cannot be JSON.
pub(super) fn seal(context: &Context, tenant: TenantId, key: IdempotencyKey<'_>, answer: &Answer) -> Result<Vec<u8>, CommandError> {
    let plain = serde_json::to_vec(answer).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(context.keyring.seal(&aad(tenant, key), &plain))
}

/// Claims the caller's key: the first statement of a command that is no change of an order. False: [`replay`] has the answer.
///
/// # Errors
/// A store's failures.
pub(super) async fn claim(tx: &mut TenantTx, origin: &Origin, now: Timestamp) -> Result<bool, CommandError> {
    let IdempotencyKey { function, key, fingerprint } = origin.idempotency_key()?;
    Ok(idempotency_records::idempotency_record_claim(tx, origin.tenant, &ClaimRow { function, key, fingerprint, now }).await?)
}

/// Stores the answer of a claimed key, in the transaction of its effect.
///
/// # Errors
/// A store's failures; [`CommandError::Internal`] when the answer cannot be JSON.
pub(super) async fn store(context: &Context, tx: &mut TenantTx, origin: &Origin, answer: &Answer) -> Result<(), CommandError> {
    let key = origin.idempotency_key()?;
    let sealed = seal(context, origin.tenant, key, answer)?;
    Ok(idempotency_records::idempotency_record_answer(tx, origin.tenant, key.function, key.key, &sealed).await?)
}

/// The stored answer of a key that has taken effect, read in a statement of its own: the claim that was lost saw an older snapshot.
///
/// # Errors
/// [`CommandError::IdempotencyKeyReused`] when the key belongs to another request.
pub(super) async fn replay(context: &Context, origin: &Origin) -> Result<Option<Executed>, CommandError> {
    let key = origin.idempotency_key()?;
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let record = idempotency_records::idempotency_record_find(&mut tx, origin.tenant, key.function, key.key).await;
    tx.rollback().await;
    let Some((fingerprint, sealed)) = record? else { return Ok(None) };
    if fingerprint != key.fingerprint {
        return Err(CommandError::IdempotencyKeyReused);
    }
    let plain = context.keyring.open(&aad(origin.tenant, key), &sealed).map_err(|error| CommandError::Internal(error.into()))?;
    let answer = serde_json::from_slice(&plain).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Some(Executed { answer, replayed: true }))
}
