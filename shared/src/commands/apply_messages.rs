//! Apply messages about orders, each once: one by itself, or many about different orders in one transaction.
//!
//! What a message asks of its order is a [`Change`]; the commands called `record_…` make one each.

use std::collections::HashMap;

use super::{
    CommandError, Context, Origin,
    change_order::{self, Changed, Failed},
    kept_views,
};
use crate::{
    chaos::{self, CrashPoint},
    clock::{self, IdsAt},
    db::{self, TenantTx, orders},
    domain::{
        ids::OrderId,
        order::draft::{Draft, Refusal},
    },
};

/// So often a transaction about many messages is tried, each time without those that were refused. Beyond it each goes by itself.
const ATTEMPTS_MAX: u32 = 2;

/// The domain's decision, kept until its order is loaded.
type Decide = Box<dyn Fn(&mut Draft<'_>) -> Result<(), Refusal> + Send + Sync>;

/// A decision about an order, made when it is locked and loaded. It may be made more than once, each time on a freshly loaded order.
pub struct Change {
    order: OrderId,
    decide: Decide,
}

impl Change {
    pub(super) fn new(order: OrderId, decide: impl Fn(&mut Draft<'_>) -> Result<(), Refusal> + Send + Sync + 'static) -> Self {
        Self { order, decide: Box::new(decide) }
    }
}

/// Applies one message; a repeat changes nothing and is no error.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when there is no such order or the decision misses something in it; [`CommandError::Poison`] when the
/// message contradicts itself or the order; a store's failures. Nothing is written then.
pub(crate) async fn one(context: &Context, origin: &Origin, change: &Change) -> Result<(), CommandError> {
    change_order::for_message(context, origin, change.order, &*change.decide).await
}

/// Applies messages of one tenant and one consumer, each about another order, in one transaction that waits for no other. Answers by its
/// order what a message came to: it took effect, now or earlier, or it was refused, as by [`one`]. Of an order that is not in the answer
/// nothing is known (it is busy or missing, or PostgreSQL failed): its message has to go by itself.
pub(crate) async fn together(context: &Context, messages: &[(Origin, Change)]) -> HashMap<OrderId, Result<(), CommandError>> {
    let mut asked: Vec<&(Origin, Change)> = messages.iter().collect();
    let mut known = HashMap::new();
    for _ in 0..ATTEMPTS_MAX {
        match transact(context, &asked).await {
            Ok(applied) => {
                known.extend(applied.into_iter().map(|order| (order, Ok(()))));
                break;
            }
            Err(Hindrance::Refused(refused)) => {
                asked.retain(|(_, change)| !refused.iter().any(|(order, _)| *order == change.order));
                known.extend(refused.into_iter().map(|(order, error)| (order, Err(error))));
            }
            Err(Hindrance::Failed) => break,
        }
    }
    known
}

/// Why nothing was written.
enum Hindrance {
    /// These orders, locked and loaded, cannot take their message, and this is why.
    Refused(Vec<(OrderId, CommandError)>),
    /// Something that each message will meet again by itself, and tell.
    Failed,
}

impl From<db::Error> for Hindrance {
    fn from(_: db::Error) -> Self {
        Self::Failed
    }
}

impl From<Failed> for Hindrance {
    fn from(_: Failed) -> Self {
        Self::Failed
    }
}

impl From<CommandError> for Hindrance {
    fn from(_: CommandError) -> Self {
        Self::Failed
    }
}

async fn transact(context: &Context, asked: &[&(Origin, Change)]) -> Result<Vec<OrderId>, Hindrance> {
    let Some((Origin { tenant, .. }, _)) = asked.first() else { return Ok(Vec::new()) };
    let mut tx = TenantTx::begin(&context.database, *tenant).await?;
    match work(&mut tx, asked).await {
        Ok((changed, applied)) => {
            chaos::point(CrashPoint::TogetherBeforeCommit);
            tx.commit().await?;
            chaos::point(CrashPoint::TogetherAfterCommit);
            for changed in &changed {
                change_order::committed(context, &changed.changes);
            }
            tokio::spawn(kept_views::outdate(context, *tenant, &changed.iter().collect::<Vec<_>>()));
            Ok(applied)
        }
        Err(hindrance) => {
            tx.rollback().await;
            Err(hindrance)
        }
    }
}

/// Claims and locks, loads in a younger snapshot, decides, and writes if nothing is refused: the way of `change_order`, for many.
async fn work(tx: &mut TenantTx, asked: &[&(Origin, Change)]) -> Result<(Vec<Changed>, Vec<OrderId>), Hindrance> {
    let Some((Origin { tenant, .. }, _)) = asked.first() else { return Ok(Default::default()) };
    let now = clock::now();
    let keys = asked.iter().map(|(origin, change)| Ok((change.order, origin.inbox_key()?))).collect::<Result<Vec<_>, CommandError>>()?;
    let locked = orders::order_lock_for_messages(tx, *tenant, &keys, now).await?;
    let claimed: Vec<OrderId> = locked.iter().filter(|(_, claimed)| *claimed).map(|(order, _)| *order).collect();
    chaos::point(CrashPoint::TogetherAfterClaim);
    let loaded = orders::orders_load(tx, *tenant, &claimed).await?;
    let mut loaded: HashMap<_, _> = loaded.into_iter().map(|order| (order.id, order)).collect();
    let (mut ids, mut changed, mut refused) = (IdsAt::new(now), Vec::new(), Vec::new());
    for (origin, change) in asked {
        let Some(order) = loaded.remove(&change.order) else { continue };
        let mut draft = Draft::new(order, now, &mut ids);
        match (change.decide)(&mut draft) {
            Ok(()) => {
                let (order, changes) = draft.finish();
                changed.push((origin, Changed { order, changes }));
            }
            Err(refusal) => refused.push((change.order, refusal.into())),
        }
    }
    if !refused.is_empty() {
        return Err(Hindrance::Refused(refused));
    }
    for (origin, changed) in &changed {
        change_order::write(tx, origin, changed, &[], None, now).await?;
    }
    Ok((changed.into_iter().map(|(_, changed)| changed).collect(), locked.into_iter().map(|(order, _)| order).collect()))
}
