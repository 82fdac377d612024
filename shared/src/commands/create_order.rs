//! Place an order: one autocommit statement, which is the claim, the order and everything it sets going.

use super::{
    Answer, CommandError, Context, Executed, Origin, Render, envelope, idempotency, measured,
    origin::IdempotencyKey,
    tokens::{self, Token},
};
use crate::{
    chaos::{self, CrashPoint},
    clock::{self, IdsAt},
    db::{
        self, TenantTx,
        orders::{self, NewOrderRow, SealedToken, Write},
    },
    domain::{
        money::Amount,
        order::{
            Order,
            draft::Changes,
            place::{self, Placement},
            request::{NewOrder, OrderRequest},
        },
        policy::TenantPolicy,
    },
};

/// A statement that PostgreSQL could not serialise is run again so often before the caller is told to come back.
const ATTEMPTS_MAX: u32 = 3;
/// Status of an order that an older request with this key placed, once its stored answer is gone.
const OK: u16 = 200;

/// Places an order, once for each key.
///
/// # Errors
/// [`CommandError::Invalid`] with everything that is wrong; [`CommandError::IdempotencyKeyReused`],
/// [`CommandError::IdempotencyInProgress`], [`CommandError::DuplicateExternalReference`]; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    policy: &TenantPolicy,
    request: OrderRequest,
    render: Render<'_>,
) -> Result<Executed, CommandError> {
    let now = clock::now();
    let mut ids = IdsAt::new(now);
    let new = match NewOrder::parse(request, policy, &mut ids) {
        Ok(new) => new,
        // A replay outlives a change of policy: what took effect is answered as it was.
        Err(errors) => return idempotency::replay(context, origin).await?.ok_or(CommandError::Invalid(errors)),
    };
    let total = new.total();
    let tokens: Vec<Option<Token>> = new.tokens().map(Option::<&Token>::cloned).collect();
    let number = context.numbers.next(&context.database, origin.tenant).await?;
    let placement = Placement { tenant: origin.tenant, number, policy, now };
    let (order, changes) = place::place(new, &placement, &mut ids)?.finish();
    let answer = render(&order)?;
    let answer_sealed = idempotency::seal(context, origin.tenant, origin.idempotency_key()?, &answer)?;
    let tokens_sealed = tokens::seal(context, &order, &changes.new_payments, &tokens);
    let bodies = envelope::encode(&changes.messages, origin, now)?;
    let placed =
        Placed { order: &order, changes: &changes, bodies: &bodies, total, answer_sealed: &answer_sealed, tokens_sealed: &tokens_sealed };
    match insert(context, origin, origin.idempotency_key()?, &placed).await {
        Ok(true) => {
            measured::count(&changes);
            context.waker.wake();
            Ok(Executed { answer, replayed: false })
        }
        Ok(false) => idempotency::replay(context, origin).await?.ok_or(CommandError::IdempotencyInProgress),
        Err(error) => refused(context, origin, &order, error, render).await,
    }
}

/// A placed order, ready to be written.
struct Placed<'a> {
    order: &'a Order,
    changes: &'a Changes,
    /// Of its messages, in their order.
    bodies: &'a [Vec<u8>],
    total: Amount,
    answer_sealed: &'a [u8],
    tokens_sealed: &'a [SealedToken],
}

/// Writes it. False: the key is taken, nothing was written.
async fn insert(context: &Context, origin: &Origin, key: IdempotencyKey<'_>, placed: &Placed<'_>) -> Result<bool, db::Error> {
    let order = placed.order;
    let write = Write {
        order,
        changes: placed.changes,
        bodies: placed.bodies,
        tokens_sealed: placed.tokens_sealed,
        actor: origin.actor,
        correlation_id: &origin.correlation_id,
        now: order.created_at,
    };
    let row = NewOrderRow {
        function: key.function,
        key: key.key,
        fingerprint: key.fingerprint,
        answer_sealed: placed.answer_sealed,
        total: placed.total.minor_units(),
    };
    let mut attempt = 1;
    loop {
        chaos::point(CrashPoint::CreateBeforeStatement);
        let outcome = orders::order_create(&context.database, &write, &row).await;
        chaos::point(CrashPoint::CreateAfterStatement);
        match outcome {
            Err(db::Error::Serialization(_)) if attempt < ATTEMPTS_MAX => attempt += 1,
            outcome => return outcome,
        }
    }
}

/// Why the statement was refused: two constraints have a meaning for the caller. Which of them is told does not tell which hold: an old
/// key that comes again with its reference breaks both.
async fn refused(
    context: &Context,
    origin: &Origin,
    order: &Order,
    error: db::Error,
    render: Render<'_>,
) -> Result<Executed, CommandError> {
    match (error.constraint(), &order.external_reference) {
        (Some("orders_create_key_key"), _) => existing(context, origin, render).await?.ok_or(CommandError::IdempotencyInProgress),
        (Some("orders_external_reference_key"), Some(reference)) => {
            // The same request may have come twice at once: then its twin's answer is the answer.
            if let Some(executed) = idempotency::replay(context, origin).await? {
                return Ok(executed);
            }
            if let Some(executed) = existing(context, origin, render).await? {
                return Ok(executed);
            }
            let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
            let found = orders::order_find_by_external_reference(&mut tx, origin.tenant, reference).await;
            tx.rollback().await;
            let order = found?.ok_or(CommandError::IdempotencyInProgress)?;
            Err(CommandError::DuplicateExternalReference { order })
        }
        _ => Err(error.into()),
    }
}

/// The order that this key placed long ago, if it did, as it is now.
async fn existing(context: &Context, origin: &Origin, render: Render<'_>) -> Result<Option<Executed>, CommandError> {
    let key = origin.idempotency_key()?;
    let mut tx = TenantTx::begin(&context.database, origin.tenant).await?;
    let found = async {
        let Some((id, fingerprint)) = orders::order_find_by_create_key(&mut tx, origin.tenant, key.key).await? else { return Ok(None) };
        Ok(orders::order_load(&mut tx, origin.tenant, id).await?.map(|order| (fingerprint, order)))
    }
    .await;
    tx.rollback().await;
    let found: Option<(Vec<u8>, Order)> = found.map_err(|error: db::Error| CommandError::from(error))?;
    let Some((fingerprint, order)) = found else { return Ok(None) };
    if fingerprint != key.fingerprint {
        return Err(CommandError::IdempotencyKeyReused);
    }
    Ok(Some(Executed { answer: Answer { status: OK, ..render(&order)? }, replayed: true }))
}
