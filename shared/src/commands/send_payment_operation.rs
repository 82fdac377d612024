//! Send a requested operation to the payment service, and apply what it answers. The only sender of operations.
//!
//! Three steps: mark it sent and commit; call the partner, outside any transaction; apply the answer under the order's lock, with the
//! message's claim. Whoever dies between them leaves a message that is delivered again: the operation's id is its idempotency key at
//! the partner, so asking twice does it once.

use secrecy::SecretString;

use super::{CommandError, Context, Origin, change_order, tokens};
use crate::{
    chaos::{self, CrashPoint},
    db::{TenantTx, orders},
    domain::{
        ids::{OperationId, OrderId, PaymentId},
        order::{
            Order,
            draft::{Draft, Refusal},
        },
        payments::{
            Operation, Payment,
            operation::{Failure, Outcome},
        },
    },
    partners::{Answer, OperationRequest},
    telemetry::metrics::PAYMENT_OPERATIONS,
};

/// Sends it, unless its outcome is known already.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when the order or operation does not exist; [`CommandError::PartnerUnavailable`] when nothing could be
/// sent; [`CommandError::Poison`] when the partner knows another operation by this id; a store's failures.
pub async fn execute(context: &Context, origin: &Origin, order: OrderId, operation: OperationId) -> Result<(), CommandError> {
    let service = context.payment_service.as_ref().ok_or_else(|| CommandError::Internal("this process has no payment service".into()))?;
    let order = change_order::bookkeeping(context, origin, order, &|draft| draft.mark_sent(operation)).await?;
    let (payment, found) = find(&order, operation).ok_or(CommandError::NotYetKnown("operation"))?;
    if !found.state.is_open() {
        // The news took another road and was quicker.
        return Ok(());
    }
    let request = request(context, &order, payment, found).await?;
    chaos::point(CrashPoint::SendingBeforeCall);
    let answer = service.submit(&request, origin.traceparent.as_deref()).await;
    chaos::point(CrashPoint::SendingBeforeRecord);
    metrics::counter!(PAYMENT_OPERATIONS, "kind" => request.kind.as_str(), "outcome" => label(&answer)).increment(1);
    apply(context, origin, &order, operation, answer).await
}

fn find(order: &Order, id: OperationId) -> Option<(&Payment, &Operation)> {
    order.payments.iter().find_map(|payment| payment.operation(id).map(|operation| (payment, operation)))
}

async fn request(context: &Context, order: &Order, payment: &Payment, operation: &Operation) -> Result<OperationRequest, CommandError> {
    // What continues an earlier operation says which; the means of payment are for the first.
    let first = operation.brings_money(payment.capture);
    Ok(OperationRequest {
        id: operation.id,
        kind: operation.kind,
        tenant_id: order.tenant,
        order_id: order.id,
        payment_id: payment.id,
        amount: operation.amount.minor_units(),
        currency: order.currency.code().to_owned(),
        method: first.then(|| payment.method.clone()),
        token: if first { token(context, order, payment.id).await? } else { None },
        reference: payment.reference_for(operation.kind).map(str::to_owned),
    })
}

/// The tender's token, opened for the one request that needs it.
async fn token(context: &Context, order: &Order, payment: PaymentId) -> Result<Option<SecretString>, CommandError> {
    let mut tx = TenantTx::begin(&context.database, order.tenant).await?;
    let sealed = orders::payment_token_find(&mut tx, order.tenant, payment).await;
    tx.rollback().await;
    let Some(sealed) = sealed? else { return Ok(None) };
    let plain = context.keyring.open(&tokens::aad(order.tenant, payment), &sealed).map_err(|error| CommandError::Internal(error.into()))?;
    let text = String::from_utf8(plain).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Some(text.into()))
}

async fn apply(context: &Context, origin: &Origin, order: &Order, operation: OperationId, answer: Answer) -> Result<(), CommandError> {
    let decide: &(dyn Fn(&mut Draft<'_>) -> Result<(), Refusal> + Send + Sync) = match &answer {
        Answer::Report(report) => &|draft| draft.apply_report(report),
        Answer::Refused { code, message } => &|draft| {
            let failure = Failure { code: code.clone(), message: message.clone() };
            draft.apply_outcome(operation, Outcome::Failed(failure))
        },
        Answer::Unknown { .. } => &|draft| draft.apply_outcome(operation, Outcome::Unknown),
        Answer::Conflict => return conflict(context, origin, order.id, operation).await,
        Answer::NeverSent { .. } => return Err(CommandError::PartnerUnavailable("payment service")),
    };
    change_order::for_message(context, origin, order.id, decide).await?;
    chaos::point(CrashPoint::SendingAfterRecord);
    Ok(())
}

/// The partner has the operation, and what we sent of it was not the same. News that settled it while we read the token erased that, and
/// then only the token is missing; otherwise a body of ours is wrong, and somebody must look.
async fn conflict(context: &Context, origin: &Origin, order: OrderId, operation: OperationId) -> Result<(), CommandError> {
    let order = change_order::bookkeeping(context, origin, order, &|_| Ok(())).await?;
    match find(&order, operation) {
        Some((_, found)) if !found.state.is_open() => Ok(()),
        _ => Err(CommandError::Poison("the payment service knows another operation by this id".to_owned())),
    }
}

/// How a submission ended, for the counter: a few words, never a value.
const fn label(answer: &Answer) -> &'static str {
    match answer {
        Answer::Report(report) => report.status.as_str(),
        Answer::Refused { .. } => "refused",
        Answer::Conflict => "conflict",
        Answer::Unknown { .. } => "unknown",
        Answer::NeverSent { .. } => "never_sent",
    }
}
