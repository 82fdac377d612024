//! The one way to change an order that exists: claim and lock, load, decide, save, commit.

use super::{CommandError, Context, Origin, envelope, measured};
use crate::{
    clock::{self, IdsAt},
    db::{
        self, TenantTx,
        orders::{self, InboxKey, Write},
    },
    domain::{
        ids::OrderId,
        order::{
            Order,
            draft::{Changes, Draft, Refusal},
        },
    },
};

/// A transaction that PostgreSQL could not serialise is run again so often before the caller is told to come back.
const ATTEMPTS_MAX: u32 = 3;

/// The domain's decision. It may run more than once, each time on a freshly loaded order.
pub(super) type Decide<'d> = &'d (dyn Fn(&mut Draft<'_>) -> Result<(), Refusal> + Send + Sync);

/// Changes an order on behalf of a message, once for each message: a repeat changes nothing and is no error.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when there is no such order or the decision misses something in it; nothing is written then, the
/// claim included.
pub(super) async fn for_message(context: &Context, origin: &Origin, order: OrderId, decide: Decide<'_>) -> Result<(), CommandError> {
    let claim = origin.inbox_key()?;
    run(context, origin, order, Some(claim), decide).await?;
    Ok(())
}

/// Bookkeeping that callers never see and that nothing claims. Returns the order as it now is.
///
/// # Errors
/// As for [`for_message`].
pub(super) async fn bookkeeping(context: &Context, origin: &Origin, order: OrderId, decide: Decide<'_>) -> Result<Order, CommandError> {
    // Without a claim there is no repeat, so there always is an order.
    run(context, origin, order, None, decide).await?.ok_or(CommandError::NotYetKnown("order"))
}

/// Why an attempt failed: only a database's failure may be worth another.
enum Failed {
    Command(CommandError),
    Database(db::Error),
}

impl From<db::Error> for Failed {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}

/// The changed order; nothing when the claim was taken before.
async fn run(
    context: &Context,
    origin: &Origin,
    order: OrderId,
    claim: Option<InboxKey<'_>>,
    decide: Decide<'_>,
) -> Result<Option<Order>, CommandError> {
    let mut attempt = 1;
    loop {
        match transact(context, origin, order, claim, decide).await {
            Err(Failed::Database(db::Error::Serialization(_))) if attempt < ATTEMPTS_MAX => attempt += 1,
            Err(Failed::Database(error)) => return Err(error.into()),
            Err(Failed::Command(error)) => return Err(error),
            Ok(None) => return Ok(None),
            Ok(Some((order, changes))) => {
                measured::count(&changes);
                if !changes.messages.is_empty() {
                    context.waker.wake();
                }
                return Ok(Some(order));
            }
        }
    }
}

async fn transact(
    context: &Context,
    origin: &Origin,
    order: OrderId,
    claim: Option<InboxKey<'_>>,
    decide: Decide<'_>,
) -> Result<Option<(Order, Changes)>, Failed> {
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    match work(&mut tx, origin, order, claim, decide).await {
        Ok(Some(changed)) => {
            tx.commit().await?;
            Ok(Some(changed))
        }
        nothing => {
            tx.rollback().await;
            nothing
        }
    }
}

async fn work(
    tx: &mut TenantTx,
    origin: &Origin,
    order: OrderId,
    claim: Option<InboxKey<'_>>,
    decide: Decide<'_>,
) -> Result<Option<(Order, Changes)>, Failed> {
    let missing = || Failed::Command(CommandError::NotYetKnown("order"));
    let now = clock::now();
    let found = match claim {
        None => orders::order_lock(tx, origin.tenant, order).await?,
        Some(key) => {
            let lock = orders::order_lock_for_message(tx, origin.tenant, order, key, now).await?;
            if !lock.claimed {
                return Ok(None);
            }
            lock.found
        }
    };
    if !found {
        return Err(missing());
    }
    // A statement of its own: what waited for the lock saw an older snapshot.
    let order = orders::order_load(tx, origin.tenant, order).await?.ok_or_else(missing)?;
    let mut ids = IdsAt::new(now);
    let mut draft = Draft::new(order, now, &mut ids);
    decide(&mut draft).map_err(|refusal| Failed::Command(refusal.into()))?;
    let (order, changes) = draft.finish();
    if !changes.is_empty() {
        let bodies = envelope::encode(&changes.messages, origin, now);
        let correlation_id = &origin.correlation_id;
        let write = Write { order: &order, changes: &changes, bodies: &bodies, actor: origin.actor, correlation_id, now };
        orders::order_save(tx, &write).await?;
    }
    Ok(Some((order, changes)))
}
