//! The one way to change an order that exists.

use super::{CommandError, Context, Origin, envelope};
use crate::{
    clock::{self, IdsAt},
    db::{
        self, TenantTx,
        orders::{self, InboxKey, Write},
    },
    domain::{
        ids::OrderId,
        order::draft::{Draft, Refusal},
    },
};

/// A transaction that PostgreSQL could not serialise is run again so often before the caller is told to come back.
const ATTEMPTS_MAX: u32 = 3;

/// What a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It took effect, or changed nothing because its news was old.
    Applied,
    /// It had taken effect before.
    Duplicate,
}

/// The domain's decision. It may run more than once, each time on a freshly loaded order.
pub(super) type Decide<'d> = &'d (dyn Fn(&mut Draft<'_>) -> Result<(), Refusal> + Send + Sync);

/// Changes an order on behalf of a message: claims the message, locks, loads, decides, saves and commits.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when there is no such order or the decision misses something in it; nothing is written then, the
/// claim included.
pub(super) async fn for_message(context: &Context, origin: &Origin, order: OrderId, decide: Decide<'_>) -> Result<Effect, CommandError> {
    let key = origin.inbox_key()?;
    let mut attempt = 1;
    loop {
        match attempt_for_message(context, origin, key, order, decide).await {
            Err(Failed::Database(db::Error::Serialization(_))) if attempt < ATTEMPTS_MAX => attempt += 1,
            Err(Failed::Database(error)) => return Err(error.into()),
            Err(Failed::Command(error)) => return Err(error),
            Ok(effect) => {
                context.waker.wake();
                return Ok(effect);
            }
        }
    }
}

enum Failed {
    Database(db::Error),
    Command(CommandError),
}

impl From<db::Error> for Failed {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}

async fn attempt_for_message(
    context: &Context,
    origin: &Origin,
    key: InboxKey<'_>,
    order: OrderId,
    decide: Decide<'_>,
) -> Result<Effect, Failed> {
    let now = clock::now();
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = async {
        let lock = orders::order_lock_for_message(&mut tx, origin.tenant, order, key, now).await?;
        if !lock.claimed {
            return Ok(Effect::Duplicate);
        }
        if !lock.found {
            return Err(Failed::Command(CommandError::NotYetKnown("order")));
        }
        load_decide_save(&mut tx, origin, order, decide).await?;
        Ok(Effect::Applied)
    }
    .await;
    match outcome {
        Ok(Effect::Applied) => {
            tx.commit().await?;
            Ok(Effect::Applied)
        }
        other => {
            tx.rollback().await;
            other
        }
    }
}

/// Bookkeeping that callers never see and that no message claims: locks, loads, decides, saves and commits. Returns the order as it
/// now is.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when there is no such order.
pub(super) async fn bookkeeping(
    context: &Context,
    origin: &Origin,
    order: OrderId,
    decide: Decide<'_>,
) -> Result<crate::domain::order::Order, CommandError> {
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let outcome = async {
        if !orders::order_lock(&mut tx, origin.tenant, order).await? {
            return Err(Failed::Command(CommandError::NotYetKnown("order")));
        }
        load_decide_save(&mut tx, origin, order, decide).await
    }
    .await;
    match outcome {
        Ok(order) => {
            tx.commit().await?;
            Ok(order)
        }
        Err(failed) => {
            tx.rollback().await;
            Err(match failed {
                Failed::Database(error) => error.into(),
                Failed::Command(error) => error,
            })
        }
    }
}

async fn load_decide_save(
    tx: &mut TenantTx,
    origin: &Origin,
    id: OrderId,
    decide: Decide<'_>,
) -> Result<crate::domain::order::Order, Failed> {
    let now = clock::now();
    let order = orders::order_load(tx, origin.tenant, id).await?.ok_or(Failed::Command(CommandError::NotYetKnown("order")))?;
    let mut ids = IdsAt::new(now);
    let mut draft = Draft::new(order, now, &mut ids);
    decide(&mut draft).map_err(|refusal| Failed::Command(refusal.into()))?;
    let (order, changes) = draft.finish();
    if !changes.is_empty() {
        let bodies = envelope::encode(&changes.messages, origin, now);
        let correlation_id = &origin.correlation_id;
        orders::order_save(tx, &Write { order: &order, changes: &changes, bodies: &bodies, actor: origin.actor, correlation_id, now })
            .await?;
    }
    Ok(order)
}
