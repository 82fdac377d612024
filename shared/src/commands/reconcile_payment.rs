//! Ask the payment service what became of an operation that has no outcome yet, and apply what it says.
//!
//! Three steps: look whether it is still open; ask, outside any transaction; apply the answer under the order's lock. Whoever dies between
//! them leaves a timer that is due again when its lease is over, and asking twice does no harm.

use super::{
    CommandError, Context, Origin, change_order,
    deadlines::{self, Acted},
};
use crate::{
    db::{TenantTx, payment_operations::payment_operation_find, timers::DueTimer},
    domain::{
        ids::{OperationId, OrderId},
        order::{draft::Draft, reconcile::Told},
    },
    partners::Inquiry,
};

/// The function that does it, as history names it.
const FUNCTION: &str = "reconcile-payments";

/// Asks, unless the outcome is known already. A service that could not be asked uses up no question.
///
/// # Errors
/// A store's failures.
pub(crate) async fn execute(context: &Context, due: &DueTimer) -> Result<Acted, CommandError> {
    let operation = OperationId::new(due.timer.subject);
    let mut tx = TenantTx::begin(&context.database, due.tenant).await?;
    let Some((order, state)) = payment_operation_find(&mut tx, due.tenant, operation).await? else {
        return deadlines::drop_orphan(tx, due).await;
    };
    tx.rollback().await;
    let told = if state.is_open() { ask(context, operation).await? } else { Some(Told::Nothing) };
    match told {
        Some(told) => deadlines::unless_busy(apply(context, due, order, operation, &told).await),
        None => Ok("partner_away"),
    }
}

/// What the service tells; nothing when it could not be asked.
async fn ask(context: &Context, operation: OperationId) -> Result<Option<Told>, CommandError> {
    Ok(match deadlines::payment_service(context)?.inquire(operation).await {
        Inquiry::Report(report) => Some(Told::Report(report)),
        Inquiry::NeverSeen => Some(Told::NeverSeen),
        Inquiry::Unknown { reason } => {
            tracing::info!(operation.id = %operation, event.reason = reason, "the payment service does not say what became of an operation");
            Some(Told::Nothing)
        }
        Inquiry::NeverSent { .. } => None,
    })
}

async fn apply(context: &Context, due: &DueTimer, order: OrderId, operation: OperationId, told: &Told) -> Result<Acted, CommandError> {
    let origin = Origin::of_deadline(due.tenant, FUNCTION, due.timer);
    let decide = |draft: &mut Draft<'_>| draft.reconcile(operation, due.attempts, told);
    let order = change_order::bookkeeping(context, &origin, order, &decide).await?;
    let found = order.payments.iter().find_map(|payment| payment.operation(operation));
    let is_open = found.is_some_and(|operation| operation.state.is_open());
    Ok(match (told, is_open) {
        (_, false) => "settled",
        (Told::NeverSeen, true) => "sent_again",
        (_, true) => "open",
    })
}
