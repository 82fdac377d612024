//! Let the payment deadline of an order pass: ask the payment service, apply what it says, and expire the order if nothing is on its way.
//!
//! Three steps: load; ask, outside any transaction; decide under the order's lock. Whoever dies between them leaves a timer that is due
//! again when its lease is over.

use super::{
    CommandError, Context, Origin, change_order,
    deadlines::{self, Acted},
};
use crate::{
    db::{TenantTx, orders, timers::DueTimer},
    domain::{
        ids::{OperationId, OrderId},
        order::{draft::Draft, status::OrderStatus},
        payments::report::OperationReport,
    },
    partners::Inquiry,
};

/// The function that does it, as history names it.
const FUNCTION: &str = "expire-orders";

/// Expires the order, unless it is paid, ended, or not certain.
///
/// # Errors
/// A store's failures.
pub(crate) async fn execute(context: &Context, due: &DueTimer) -> Result<Acted, CommandError> {
    let order = OrderId::new(due.timer.subject);
    let mut tx = TenantTx::begin(&context.database, due.tenant).await?;
    let Some(found) = orders::order_load(&mut tx, due.tenant, order).await? else {
        return deadlines::drop_orphan(tx, due).await;
    };
    tx.rollback().await;
    let told = ask(context, found.questions_before_expiry()).await?;
    deadlines::unless_busy(decide(context, due, order, &told).await)
}

/// What the payment service told before an order expires.
struct Told {
    reports: Vec<OperationReport>,
    all_answered: bool,
}

/// Asks one question after the other. The first that is not answered is the last: the order will not expire now.
async fn ask(context: &Context, questions: Vec<OperationId>) -> Result<Told, CommandError> {
    let mut told = Told { reports: Vec::new(), all_answered: true };
    for operation in questions {
        match deadlines::payment_service(context)?.inquire(operation).await {
            Inquiry::Report(report) => told.reports.push(report),
            // Then it took no money. If it is still to be sent, it is open, and the order does not expire.
            Inquiry::NeverSeen => {}
            Inquiry::Unknown { .. } | Inquiry::NeverSent { .. } => {
                told.all_answered = false;
                break;
            }
        }
    }
    Ok(told)
}

async fn decide(context: &Context, due: &DueTimer, order: OrderId, told: &Told) -> Result<Acted, CommandError> {
    let origin = Origin::of_deadline(due.tenant, FUNCTION, due.timer);
    let decide = |draft: &mut Draft<'_>| draft.payment_deadline_passed(&told.reports, told.all_answered);
    let order = change_order::bookkeeping(context, &origin, order, &decide).await?;
    Ok(match order.status {
        OrderStatus::Expired => "expired",
        OrderStatus::Pending | OrderStatus::AwaitingPayment => "postponed",
        _ => "over",
    })
}
