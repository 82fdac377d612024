//! Settle an operation of which a person has found out what became of it.

use serde_json::json;

use super::{
    Answer, Changed, CommandError, Context, Executed, Origin, Render,
    audit::{self, Done},
    change_order, idempotency,
};
use crate::{
    clock,
    db::{TenantTx, payment_operations},
    domain::{
        audit::AuditAction,
        ids::{OperationId, TenantId},
        order::{
            draft::{Changes, Draft},
            resolve::{Resolution, ResolveRequest},
        },
    },
};

/// Settles it, once for each key of the operator's. The key is claimed in the operator's tenant and the order changed behind the wall of its
/// own, in one transaction, with a row of that tenant's trail.
///
/// # Errors
/// [`CommandError::NotFound`] when no operation of this id waits for a person; [`CommandError::Invalid`],
/// [`CommandError::NothingToSettle`], the errors of the key; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    operation: OperationId,
    request: &ResolveRequest,
    render: Render<'_, Changed>,
) -> Result<Executed, CommandError> {
    let resolution = Resolution::parse(request).map_err(CommandError::Invalid)?;
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = claimed(context, &mut tx, origin, operation, &resolution, render).await;
    let (answer, changes) = match outcome {
        Ok(Some((answer, changes))) => (Ok(Some(answer)), changes),
        Ok(None) => (Ok(None), Changes::default()),
        Err(CommandError::NotYetKnown(_)) => (Err(CommandError::NotFound), Changes::default()),
        Err(error) => (Err(error), Changes::default()),
    };
    let executed = idempotency::settle(context, tx, origin, answer).await?;
    change_order::committed(context, &changes);
    Ok(executed)
}

async fn claimed(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    operation: OperationId,
    resolution: &Resolution,
    render: Render<'_, Changed>,
) -> Result<Option<(Answer, Changes)>, CommandError> {
    let now = clock::now();
    if !idempotency::claim(tx, origin, now).await? {
        return Ok(None);
    }
    let of = (origin.tenant != TenantId::OPERATOR).then_some(origin.tenant);
    let found = payment_operations::payment_operation_find_unsettled(tx, operation, of).await?.ok_or(CommandError::NotFound)?;
    tx.act_for(found.tenant).await?;
    let theirs = Origin { tenant: found.tenant, ..origin.clone() };
    let decide = |draft: &mut Draft<'_>| draft.resolve(operation, resolution);
    let changed = change_order::within(context, tx, &theirs, found.order, &decide).await?;
    let done = Done {
        tenant: found.tenant,
        actor: origin.actor,
        action: AuditAction::PaymentOperationResolved,
        subject: &operation.to_string(),
        detail: json!({ "order_id": found.order, "outcome": resolution.finding(), "reason": resolution.reason() }),
    };
    audit::record(tx, done, now).await?;
    let answer = render(&changed)?;
    tx.act_for(origin.tenant).await?;
    idempotency::store(context, tx, origin, &answer).await?;
    Ok(Some((answer, changed.changes)))
}
