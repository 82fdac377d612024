//! Stored answers: sealed with the effect, opened for a replay. PostgreSQL has the truth; Redis keeps copies of what is replayed.

use super::{Answer, CommandError, Context, Executed, Origin, fresh_key, origin::IdempotencyKey};
use crate::{
    cache::AnswerKey,
    chaos::{self, CrashPoint},
    clock,
    db::{
        TenantTx,
        idempotency_records::{self, AnsweredRow, ClaimRow},
    },
    domain::{ids::TenantId, retention::ANSWERS_SECONDS, timestamp::Timestamp},
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

/// Ends the transaction of a command that has claimed the caller's key and stored its answer, or that has not (`None`): then somebody
/// else has, and theirs is the answer.
///
/// # Errors
/// The command's own, after which nothing has happened and the key is free; [`CommandError::IdempotencyKeyReused`],
/// [`CommandError::IdempotencyInProgress`]; a store's failures.
pub(super) async fn settle(
    context: &Context,
    tx: TenantTx,
    origin: &Origin,
    outcome: Result<Option<Answer>, CommandError>,
) -> Result<Executed, CommandError> {
    if let Ok(Some(answer)) = outcome {
        chaos::point(CrashPoint::AdministerBeforeCommit);
        tx.commit().await?;
        chaos::point(CrashPoint::AdministerAfterCommit);
        return Ok(Executed { answer, replayed: false });
    }
    tx.rollback().await;
    outcome?;
    replay(context, origin).await?.ok_or(CommandError::IdempotencyInProgress)
}

/// The stored answer of a key that has taken effect, read in a statement of its own: the claim that was lost saw an older snapshot.
///
/// # Errors
/// [`CommandError::IdempotencyKeyReused`] when the key belongs to another request.
pub(super) async fn replay(context: &Context, origin: &Origin) -> Result<Option<Executed>, CommandError> {
    let key = origin.idempotency_key()?;
    chaos::point(CrashPoint::ReplayBeforeRead);
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let record = idempotency_records::idempotency_record_find(&mut tx, origin.tenant, key.function, key.key).await;
    tx.rollback().await;
    chaos::point(CrashPoint::ReplayAfterRead);
    let Some(AnsweredRow { fingerprint, answer_sealed, created_at }) = record? else { return Ok(None) };
    if fingerprint != key.fingerprint {
        return Err(CommandError::IdempotencyKeyReused);
    }
    let plain = context.keyring.open(&aad(origin.tenant, key), &answer_sealed).map_err(|error| CommandError::Internal(error.into()))?;
    let answer = serde_json::from_slice(&plain).map_err(|error| CommandError::Internal(error.into()))?;
    if let Some(answer) = fresh_key::put_back(context, &answer).await? {
        // Its secret is in one place, so its copy would be of no use without PostgreSQL.
        return Ok(Some(Executed { answer, replayed: true }));
    }
    keep(context, origin.tenant, key, &plain, created_at).await;
    Ok(Some(Executed { answer, replayed: true }))
}

/// Binds the copy in Redis to its record, and tells it from the record itself.
fn copy_aad(tenant: TenantId, key: IdempotencyKey<'_>) -> Vec<u8> {
    secrets::row_aad("idempotency_records/copy", tenant, &format!("{}/{}", key.function, key.key))
}

/// Keeps a copy of a replayed answer in Redis, with its fingerprint, for what is left of its time: what was asked for twice is often asked
/// for a third time. A first answer is not kept, because most are never asked for again.
async fn keep(context: &Context, tenant: TenantId, key: IdempotencyKey<'_>, plain: &[u8], created_at: Timestamp) {
    let Some(cache) = &context.cache else { return };
    let left_s = ANSWERS_SECONDS - (clock::now().as_second() - created_at.as_second());
    let Some(left_s) = u32::try_from(left_s).ok().filter(|left| *left > 0) else { return };
    let copy = context.keyring.seal(&copy_aad(tenant, key), &[key.fingerprint.as_slice(), plain].concat());
    let name = AnswerKey { tenant, function: key.function, key: key.key };
    if let Err(error) = cache.answer_keep(name, &copy, left_s).await {
        tracing::debug!(error.message = %error, "a replayed answer is not kept in Redis");
    }
}

/// The answer of an earlier request with this key, from the copy that Redis keeps. A copy that cannot be read is none: PostgreSQL knows.
///
/// # Errors
/// [`CommandError::IdempotencyKeyReused`] when the key belongs to another request.
pub fn kept_answer(context: &Context, origin: &Origin, sealed: &[u8]) -> Result<Option<Executed>, CommandError> {
    let key = origin.idempotency_key()?;
    let Ok(plain) = context.keyring.open(&copy_aad(origin.tenant, key), sealed) else { return Ok(None) };
    let Some((fingerprint, answer)) = plain.split_first_chunk::<32>() else { return Ok(None) };
    if fingerprint != key.fingerprint {
        return Err(CommandError::IdempotencyKeyReused);
    }
    Ok(serde_json::from_slice(answer).ok().map(|answer| Executed { answer, replayed: true }))
}
