//! Take dead letters off the list of what waits: a person found that nothing has to be done about them.

use serde_json::json;

use super::{
    Answer, CommandError, Context, Executed, Origin, Render,
    dead_letters::{Meant, Settled, Trail},
    idempotency,
};
use crate::{
    clock,
    db::{TenantTx, dead_letters::dead_letter_settle},
    domain::{
        audit::AuditAction,
        dead_letter::{DeadLetterRefusal, DeadLetterState, Discard, DiscardRequest},
        ids::TenantId,
    },
};

/// Discards them, once for each key, with the reason in the trail of each tenant. Their messages are kept until their time is over.
///
/// # Errors
/// [`CommandError::Invalid`]; the errors of the key; a store's failures. A letter that cannot be discarded is no error.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    request: &DiscardRequest,
    render: Render<'_, Settled>,
) -> Result<Executed, CommandError> {
    let discard = Discard::parse(request).map_err(CommandError::Invalid)?;
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = claimed(context, &mut tx, origin, &discard, render).await;
    idempotency::settle(context, tx, origin, outcome).await
}

async fn claimed(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    discard: &Discard,
    render: Render<'_, Settled>,
) -> Result<Option<Answer>, CommandError> {
    let now = clock::now();
    if !idempotency::claim(tx, origin, now).await? {
        return Ok(None);
    }
    let (mut settled, mut trail) = (Settled::default(), Trail::default());
    let meant = Meant::find(tx, origin, &discard.selection, &mut settled).await?;
    for (owner, ids) in meant.pieces() {
        let tenant = owner.unwrap_or(TenantId::OPERATOR);
        tx.act_for(tenant).await?;
        let done = dead_letter_settle(tx, ids, owner, DeadLetterState::Discarded, now).await.map_err(CommandError::while_locking)?;
        let late = ids.iter().filter(|id| !done.contains(id));
        settled.refused.extend(late.map(|id| (*id, DeadLetterRefusal::Settled)));
        settled.count += done.len();
        trail.note(tenant, done);
    }
    trail.record(tx, origin, AuditAction::DeadLettersDiscarded, &json!(discard.reason.as_str()), now).await?;
    let answer = render(&settled)?;
    tx.act_for(origin.tenant).await?;
    idempotency::store(context, tx, origin, &answer).await?;
    Ok(Some(answer))
}
