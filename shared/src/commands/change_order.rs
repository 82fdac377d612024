//! The one way to change an order that exists: claim and lock, load, decide, save, commit.

use super::{
    Answer, CommandError, Context, Executed, Origin, Render, envelope, idempotency, kept_views, measured,
    origin::IdempotencyKey,
    tokens::{self, Token},
};
use crate::{
    chaos::{self, CrashPoint, PlantedBug},
    clock::{self, IdsAt},
    db::{
        self, TenantTx,
        idempotency_records::ClaimRow,
        orders::{self, AnswerRow, InboxKey, Lock, SealedToken, Write},
    },
    domain::{
        ids::{OrderId, PaymentId},
        order::{
            Order,
            draft::{Changes, Draft, Refusal},
        },
        timestamp::Timestamp,
    },
};

/// A transaction that PostgreSQL could not serialise is run again so often before the caller is told to come back.
const ATTEMPTS_MAX: u32 = 3;

/// The domain's decision. It may run more than once, each time on a freshly loaded order.
pub(super) type Decide<'d> = &'d (dyn Fn(&mut Draft<'_>) -> Result<(), Refusal> + Send + Sync);

/// How a caller names the order that is to change.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    /// By itself.
    Order(OrderId),
    /// By one of its tenders.
    Payment(PaymentId),
}

/// A change that a caller asks for.
pub(super) struct RequestedChange<'d> {
    /// Of which order.
    pub subject: Subject,
    /// The version that the caller saw; `None` for any.
    pub if_match: Option<u64>,
    /// What to do.
    pub decide: Decide<'d>,
    /// The token of each tender that the decision adds, in order.
    pub tokens: &'d [Option<Token>],
    /// What to answer, and to replay.
    pub render: Render<'d, Changed>,
}

/// An order after its change.
#[derive(Debug)]
pub struct Changed {
    /// As it now is.
    pub order: Order,
    /// What commits with it.
    pub changes: Changes,
}

/// Changes an order on behalf of a caller, once for each key. A decision that changes nothing is answered like one that does: what was
/// asked for is so.
///
/// # Errors
/// [`CommandError::NotFound`], [`CommandError::VersionMismatch`], what the decision refuses, the errors of the key; a store's failures.
pub(super) async fn for_request(context: &Context, origin: &Origin, change: &RequestedChange<'_>) -> Result<Executed, CommandError> {
    let key = origin.idempotency_key()?;
    match run(context, origin, change.subject, Mode::Request(key, change)).await {
        Ok(Some((_, Some(answer)))) => Ok(Executed { answer, replayed: false }),
        Ok(Some(_)) => Err(CommandError::Internal("a request was carried out and not answered".into())),
        // A lost claim reads the stored answer in a younger snapshot than the one that lost.
        Ok(None) => idempotency::replay(context, origin).await?.ok_or(CommandError::IdempotencyInProgress),
        Err(CommandError::NotYetKnown(_)) => Err(CommandError::NotFound),
        Err(error) => Err(error),
    }
}

/// Changes an order on behalf of a message, once for each message: a repeat changes nothing and is no error.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when there is no such order or the decision misses something in it; nothing is written then, the
/// claim included.
pub(super) async fn for_message(context: &Context, origin: &Origin, order: OrderId, decide: Decide<'_>) -> Result<(), CommandError> {
    run(context, origin, Subject::Order(order), Mode::Message(origin.inbox_key()?, decide)).await?;
    Ok(())
}

/// Bookkeeping that callers never see and that nothing claims. Returns the order as it now is.
///
/// # Errors
/// As for [`for_message`].
pub(super) async fn bookkeeping(context: &Context, origin: &Origin, order: OrderId, decide: Decide<'_>) -> Result<Order, CommandError> {
    let changed = run(context, origin, Subject::Order(order), Mode::Bookkeeping(decide)).await?;
    // Without a claim there is no repeat, so there always is an order.
    changed.map(|(changed, _)| changed.order).ok_or(CommandError::NotYetKnown("order"))
}

/// Changes an order inside a transaction that is open behind its tenant's wall and has claimed what makes it happen once. To be followed by
/// [`committed`].
///
/// # Errors
/// As for [`for_message`].
pub(super) async fn within(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    order: OrderId,
    decide: Decide<'_>,
) -> Result<Changed, CommandError> {
    match work(context, tx, origin, Subject::Order(order), Mode::Bookkeeping(decide)).await {
        Ok(Some((changed, _))) => Ok(changed),
        Ok(None) => Err(CommandError::NotYetKnown("order")),
        Err(Failed::Command(error)) => Err(error),
        Err(Failed::Database(error)) => Err(error.into()),
    }
}

/// What follows the commit of a change: it is counted, and the relay is woken. Nothing that matters.
pub(super) fn committed(context: &Context, changes: &Changes) {
    measured::count(changes);
    if !changes.messages.is_empty() {
        context.waker.wake();
    }
}

/// On whose behalf an order is changed.
#[derive(Clone, Copy)]
enum Mode<'m> {
    Request(IdempotencyKey<'m>, &'m RequestedChange<'m>),
    Message(InboxKey<'m>, Decide<'m>),
    Bookkeeping(Decide<'m>),
}

impl<'m> Mode<'m> {
    const fn decide(self) -> Decide<'m> {
        match self {
            Self::Request(_, change) => change.decide,
            Self::Message(_, decide) | Self::Bookkeeping(decide) => decide,
        }
    }

    /// The first statement: it claims and locks and reads nothing else.
    async fn lock(self, tx: &mut TenantTx, origin: &Origin, order: OrderId, now: Timestamp) -> Result<Lock, db::Error> {
        match self {
            Self::Request(IdempotencyKey { function, key, fingerprint }, _) => {
                orders::order_lock_for_request(tx, origin.tenant, order, &ClaimRow { function, key, fingerprint, now }).await
            }
            Self::Message(key, _) => orders::order_lock_for_message(tx, origin.tenant, order, key, now).await,
            Self::Bookkeeping(_) => Ok(Lock { claimed: true, found: orders::order_lock(tx, origin.tenant, order).await? }),
        }
    }
}

/// A changed order, and what the caller is told if one asked.
type Answered = (Changed, Option<Answer>);

/// Why an attempt failed: only a database's failure may be worth another.
pub(super) enum Failed {
    Command(CommandError),
    Database(db::Error),
}

impl From<db::Error> for Failed {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}

impl From<CommandError> for Failed {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

/// The changed order; nothing when the claim was taken before.
async fn run(context: &Context, origin: &Origin, subject: Subject, mode: Mode<'_>) -> Result<Option<Answered>, CommandError> {
    let mut attempt = 1;
    loop {
        match transact(context, origin, subject, mode).await {
            Err(Failed::Database(db::Error::Serialization(_))) if attempt < ATTEMPTS_MAX => attempt += 1,
            Err(Failed::Database(error)) => return Err(error.into()),
            Err(Failed::Command(error)) => return Err(error),
            Ok(None) => return Ok(None),
            Ok(Some(changed)) => {
                committed(context, &changed.0.changes);
                let outdated = kept_views::outdate(context, origin.tenant, &[&changed.0]);
                match mode {
                    // So that a caller reads its own write, if Redis answers.
                    Mode::Request(..) => outdated.await,
                    Mode::Message(..) | Mode::Bookkeeping(_) => drop(tokio::spawn(outdated)),
                }
                return Ok(Some(changed));
            }
        }
    }
}

async fn transact(context: &Context, origin: &Origin, subject: Subject, mode: Mode<'_>) -> Result<Option<Answered>, Failed> {
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    match work(context, &mut tx, origin, subject, mode).await {
        Ok(Some(changed)) => {
            chaos::point(CrashPoint::ChangeBeforeCommit);
            tx.commit().await?;
            chaos::point(CrashPoint::ChangeAfterCommit);
            Ok(Some(changed))
        }
        nothing => {
            tx.rollback().await;
            nothing
        }
    }
}

async fn work(context: &Context, tx: &mut TenantTx, origin: &Origin, subject: Subject, mode: Mode<'_>) -> Result<Option<Answered>, Failed> {
    let missing = || Failed::Command(CommandError::NotYetKnown("order"));
    let now = clock::now();
    let order = match subject {
        Subject::Order(order) => order,
        // A tender never changes its order, so this may be read before the lock.
        Subject::Payment(payment) => orders::order_find_by_payment(tx, origin.tenant, payment).await?.ok_or_else(missing)?,
    };
    chaos::point(CrashPoint::ChangeBeforeClaim);
    let lock = mode.lock(tx, origin, order, now).await?;
    chaos::point(CrashPoint::ChangeAfterClaim);
    if !lock.claimed && !chaos::is_planted(PlantedBug::NoInbox) {
        return Ok(None);
    }
    if !lock.found {
        return Err(missing());
    }
    // A statement of its own: what waited for the lock saw an older snapshot.
    let order = orders::order_load(tx, origin.tenant, order).await?.ok_or_else(missing)?;
    chaos::point(CrashPoint::ChangeAfterLoad);
    if let Mode::Request(_, RequestedChange { if_match: Some(seen), .. }) = mode
        && *seen != order.version
    {
        return Err(CommandError::VersionMismatch { current: order.version }.into());
    }
    let mut ids = IdsAt::new(now);
    let mut draft = Draft::new(order, now, &mut ids);
    mode.decide()(&mut draft).map_err(CommandError::from)?;
    let (order, changes) = draft.finish();
    let changed = Changed { order, changes };
    let answer = match mode {
        Mode::Request(_, change) => Some((change.render)(&changed)?),
        Mode::Message(..) | Mode::Bookkeeping(_) => None,
    };
    chaos::point(CrashPoint::ChangeBeforeSave);
    save(context, tx, origin, mode, (&changed, answer.as_ref()), now).await?;
    Ok(Some((changed, answer)))
}

/// Writes the change with everything that commits with it; of one that changes nothing, the answer.
async fn save(
    context: &Context,
    tx: &mut TenantTx,
    origin: &Origin,
    mode: Mode<'_>,
    (changed @ Changed { order, changes }, answer): (&Changed, Option<&Answer>),
    now: Timestamp,
) -> Result<(), Failed> {
    if let Some(answer) = answer
        && changes.is_empty()
    {
        return Ok(idempotency::store(context, tx, origin, answer).await?);
    }
    let (mut tokens_sealed, mut answer_sealed) = (Vec::new(), None);
    if let (Mode::Request(key, change), Some(answer)) = (mode, answer) {
        tokens_sealed = tokens::seal(context, order, &changes.new_payments, change.tokens);
        answer_sealed = Some((key, idempotency::seal(context, origin.tenant, key, answer)?));
    }
    let row = answer_sealed.as_ref().map(|(key, sealed)| AnswerRow { function: key.function, key: key.key, answer_sealed: sealed });
    write(tx, origin, changed, &tokens_sealed, row.as_ref(), now).await
}

/// Writes the change, if it is one, with the messages that tell of it.
pub(super) async fn write(
    tx: &mut TenantTx,
    origin: &Origin,
    Changed { order, changes }: &Changed,
    tokens_sealed: &[SealedToken],
    answer: Option<&AnswerRow<'_>>,
    now: Timestamp,
) -> Result<(), Failed> {
    if changes.is_empty() {
        return Ok(());
    }
    let bodies = envelope::encode(&changes.messages, origin, now)?;
    let (actor, correlation_id) = (origin.actor, &origin.correlation_id);
    let write = Write { order, changes, bodies: &bodies, tokens_sealed, actor, correlation_id, now };
    Ok(orders::order_save(tx, &write, answer).await?)
}
