//! What acting on a deadline has in common, whatever it is the deadline of.

use super::{CommandError, Context};
use crate::{
    db::{
        TenantTx,
        timers::{DueTimer, timer_clear},
    },
    partners::PaymentService,
};

/// What came of acting on a deadline: in a word, for the counter.
pub(crate) type Acted = &'static str;

/// What the deadline is of is gone: so is the deadline.
pub(super) const GONE: Acted = "gone";

/// Clears a deadline whose subject does not exist.
pub(super) async fn drop_orphan(mut tx: TenantTx, due: &DueTimer) -> Result<Acted, CommandError> {
    timer_clear(&mut tx, due.tenant, due.timer).await?;
    tx.commit().await?;
    Ok(GONE)
}

/// The partner to ask.
pub(super) fn payment_service(context: &Context) -> Result<&PaymentService, CommandError> {
    context.payment_service.as_ref().ok_or_else(|| CommandError::Internal("this process has no payment service".into()))
}

/// Leaves a deadline to its lease when others work on its order just now.
pub(super) fn unless_busy(acted: Result<Acted, CommandError>) -> Result<Acted, CommandError> {
    match acted {
        Err(CommandError::OrderBusy | CommandError::Contended(_)) => Ok("busy"),
        acted => acted,
    }
}
