//! Give dead letters to their consumers once more. Each becomes a deferred message, which `retry-deferred-messages` tries; if it took
//! effect meanwhile, the inbox keeps it from having another.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Answer, CommandError, Context, Executed, Origin, Render,
    dead_letters::{Meant, Settled, Trail},
    idempotency,
};
use crate::{
    catalog,
    clock::{self, IdsAt},
    cloudevents::{CloudEvent, MAX_EVENT_LEN},
    db::{
        TenantTx,
        dead_letters::{self, SealedLetter, dead_letter_read, dead_letter_settle},
        deferred_messages::{self, DeferredMessage, deferred_message_upsert},
        tenants::tenant_exists,
    },
    domain::{
        audit::AuditAction,
        dead_letter::{DeadLetterRefusal, DeadLetterState, Replay, ReplayRequest},
        deferral::DeferredClass,
        ids::{DeadLetterId, NewIds as _, TenantId},
        timestamp::Timestamp,
    },
    function::ConsumerSpec,
    secrets::row_aad,
};

/// Bytes of a sealed message at most: more than the largest event and its seal are no event, and are not read.
const SEALED_MAX_LEN: usize = MAX_EVENT_LEN + 1_024;
/// What the row of a replayed message says until it is tried.
const REASON: &str = "replayed by a person";

/// Replays them, once for each key: letters and deferred messages change in one transaction, with the trail of each tenant.
///
/// # Errors
/// [`CommandError::Invalid`]; the errors of the key; a store's failures. A letter that cannot be replayed is no error.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    request: &ReplayRequest,
    render: Render<'_, Settled>,
) -> Result<Executed, CommandError> {
    let replay = Replay::parse(request).map_err(CommandError::Invalid)?;
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = claimed(context, &mut tx, origin, &replay, render).await;
    idempotency::settle(context, tx, origin, outcome).await
}

async fn claimed(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    replay: &Replay,
    render: Render<'_, Settled>,
) -> Result<Option<Answer>, CommandError> {
    let now = clock::now();
    if !idempotency::claim(tx, origin, now).await? {
        return Ok(None);
    }
    let mut replaying = Replaying { context, replay, now, settled: Settled::default(), trail: Trail::default() };
    let meant = Meant::find(tx, origin, &replay.selection, &mut replaying.settled).await?;
    for (owner, ids) in meant.pieces() {
        replaying.piece(tx, owner, ids).await?;
    }
    let Replaying { settled, trail, .. } = replaying;
    trail.record(tx, origin, AuditAction::DeadLettersReplayed, &Value::Null, now).await?;
    let answer = render(&settled)?;
    tx.act_for(origin.tenant).await?;
    idempotency::store(context, tx, origin, &answer).await?;
    Ok(Some(answer))
}

/// A letter that can be replayed.
struct Replayable {
    letter: DeadLetterId,
    consumer: &'static ConsumerSpec,
    tenant: TenantId,
    event: CloudEvent,
    body: Vec<u8>,
}

/// One call on its way through its letters.
struct Replaying<'c> {
    context: &'c Context,
    replay: &'c Replay,
    now: Timestamp,
    settled: Settled,
    trail: Trail,
}

impl Replaying<'_> {
    /// Letters of one tenant, or of nobody: reads them, settles those that can be replayed, and defers their messages.
    async fn piece(&mut self, tx: &mut TenantTx, owner: Option<TenantId>, ids: &[DeadLetterId]) -> Result<(), CommandError> {
        let keeper = owner.unwrap_or(TenantId::OPERATOR);
        tx.act_for(keeper).await?;
        let sealed_max_len = i32::try_from(SEALED_MAX_LEN).unwrap_or(i32::MAX);
        let mut able = Vec::new();
        for letter in dead_letter_read(tx, ids, owner, sealed_max_len).await? {
            let id = letter.id;
            match self.judge(tx, owner, letter).await? {
                Ok(replayable) => able.push(replayable),
                Err(refusal) => self.settled.refused.push((id, refusal)),
            }
        }
        let able_ids: Vec<_> = able.iter().map(|replayable| replayable.letter).collect();
        let settling = dead_letter_settle(tx, &able_ids, owner, DeadLetterState::Replayed, self.now).await;
        let done = settling.map_err(CommandError::while_locking)?;
        let mut by_tenant: BTreeMap<TenantId, Vec<Replayable>> = BTreeMap::new();
        for replayable in able {
            match done.contains(&replayable.letter) {
                true => by_tenant.entry(replayable.tenant).or_default().push(replayable),
                // Somebody else was quicker.
                false => self.settled.refused.push((replayable.letter, DeadLetterRefusal::Settled)),
            }
        }
        for (tenant, replayables) in by_tenant {
            tx.act_for(tenant).await?;
            for replayable in &replayables {
                self.defer(tx, replayable).await?;
            }
            self.trail.note(tenant, replayables.iter().map(|replayable| replayable.letter));
        }
        Ok(())
    }

    /// Whether a letter can be replayed. Its consumer judges its message anew, so that much is enough: an event, of a tenant, for somebody.
    async fn judge(
        &self,
        tx: &mut TenantTx,
        owner: Option<TenantId>,
        letter: SealedLetter,
    ) -> Result<Result<Replayable, DeadLetterRefusal>, CommandError> {
        let SealedLetter { id, consumer, body_sealed } = letter;
        let Some(sealed) = body_sealed else { return Ok(Err(DeadLetterRefusal::NotAnEvent)) };
        let aad = row_aad(dead_letters::TABLE, owner.unwrap_or(TenantId::OPERATOR), &id.uuid().to_string());
        let Ok(body) = self.context.keyring.open(&aad, &sealed) else { return Ok(Err(DeadLetterRefusal::Unreadable)) };
        let Ok(event) = CloudEvent::decode_structured(&body) else { return Ok(Err(DeadLetterRefusal::NotAnEvent)) };
        // One that understands no type runs no handler.
        // What may be lost is never deferred, so nobody would try it again.
        let tries = |spec: &&ConsumerSpec| spec.name == consumer && !spec.types.is_empty() && !spec.best_effort;
        let Some(consumer) = catalog::CONSUMERS.iter().copied().find(tries) else {
            return Ok(Err(DeadLetterRefusal::UnknownConsumer));
        };
        let named = event.tenantid.as_deref().and_then(|text| text.parse().ok());
        let tenant = match (owner, named) {
            (Some(owner), _) => owner,
            (None, Some(named)) if tenant_exists(tx, named).await? => named,
            (None, _) => return Ok(Err(DeadLetterRefusal::UnknownTenant)),
        };
        Ok(Ok(Replayable { letter: id, consumer, tenant, event, body }))
    }

    /// Defers the message of a settled letter behind the wall of its tenant; one that is deferred already is due then, too.
    async fn defer(&mut self, tx: &mut TenantTx, replayable: &Replayable) -> Result<(), CommandError> {
        let Replayable { consumer, tenant, event, body, .. } = replayable;
        let id = IdsAt::new(self.now).next_uuid();
        let sealed = self.context.keyring.seal(&row_aad(deferred_messages::TABLE, *tenant, &id.to_string()), body);
        let row = DeferredMessage {
            tenant: *tenant,
            id,
            consumer: consumer.name,
            source: &event.source,
            message_id: &event.id,
            r#type: &event.r#type,
            order: event.subject.as_deref().and_then(|subject| subject.parse().ok()),
            class: DeferredClass::Retry,
            reason: REASON,
            body_sealed: &sealed,
            due_at: self.replay.due_at(self.now, self.settled.count),
        };
        deferred_message_upsert(tx, &row, self.now).await?;
        self.settled.count += 1;
        Ok(())
    }
}
