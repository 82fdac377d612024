//! What a draft collected, as the parameters that `order_create.sql` and `order_save.sql` share: `$1` to `$64`, one array a column.

use jiff_sqlx::ToSqlx;
use sqlx::{Postgres, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

use crate::{
    db::outbox,
    domain::{
        actor::Actor,
        fulfilment::Fulfillment,
        ids::OperationId,
        money::Amount,
        order::{Order, draft::Changes, line::Line, status::OrderStatus},
        payments::{Operation, Payment, operation::Attention},
        timestamp::Timestamp,
    },
};

pub(super) type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

/// A sealed payment token, if the tender has one.
pub type SealedToken = Option<Vec<u8>>;

/// The stored answer of a request: the claimed key, and what to replay.
#[derive(Debug, Clone, Copy)]
pub struct AnswerRow<'a> {
    /// The function whose key it is.
    pub function: &'a str,
    /// The idempotency key.
    pub key: &'a str,
    /// The sealed answer.
    pub answer_sealed: &'a [u8],
}

/// A changed order and what is known of the change.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The new state.
    pub order: &'a Order,
    /// What commits with it.
    pub changes: &'a Changes,
    /// The encoded event of each of `changes.messages`, in the same order.
    pub bodies: &'a [Vec<u8>],
    /// The sealed token of each of `changes.new_payments`, in the same order.
    pub tokens_sealed: &'a [SealedToken],
    /// Who did it.
    pub actor: Actor,
    /// What joins everything that one request caused.
    pub correlation_id: &'a str,
    /// When.
    pub now: Timestamp,
}

fn timestamp(at: Timestamp) -> jiff_sqlx::Timestamp {
    at.to_jiff().to_sqlx()
}

fn count(quantity: u32) -> i64 {
    i64::from(quantity)
}

/// A version or sequence as PostgreSQL keeps it. They count changes one by one and cannot leave the range.
pub(super) fn ordinal(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One column of a set of rows.
pub(super) fn column<'r, T, C>(rows: &'r [T], value: impl Fn(&'r T) -> C) -> Vec<C> {
    rows.iter().map(value).collect()
}

/// Binds `$1` to `$64`.
pub(super) fn bind<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let query = query.bind(write.order.tenant.uuid()).bind(write.order.id.uuid());
    let query = bind_history(query, write);
    let query = bind_ledger(query, write);
    let query = bind_outbox(query, write);
    let query = bind_operations(query, write);
    let query = bind_fulfillments(query, write);
    let query = bind_timers(query, write);
    bind_state(query, write.order)
}

fn bind_history<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let rows = &write.changes.history;
    query
        .bind(column(rows, |row| ordinal(row.version)))
        .bind(column(rows, |row| row.action))
        .bind(column(rows, |row| row.from.map(OrderStatus::as_str)))
        .bind(column(rows, |row| row.to.as_str()))
        .bind(column(rows, |row| row.reason.as_deref()))
        .bind(write.actor.to_string())
        .bind(write.correlation_id)
        .bind(timestamp(write.now))
}

fn bind_ledger<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let rows: Vec<_> =
        write.changes.ledger.iter().flat_map(|transaction| transaction.entries.iter().map(move |entry| (transaction, entry))).collect();
    query
        .bind(column(&rows, |(transaction, _)| transaction.id))
        .bind(column(&rows, |(_, entry)| entry.account.as_str()))
        .bind(column(&rows, |(_, entry)| entry.amount.minor_units()))
        .bind(column(&rows, |(transaction, _)| transaction.fact.as_str()))
        .bind(column(&rows, |(transaction, _)| transaction.operation.map(OperationId::uuid)))
}

fn bind_outbox<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let rows = &write.changes.messages;
    query
        .bind(column(rows, |message| message.id.uuid()))
        .bind(column(rows, |message| message.kind().exchange()))
        .bind(column(rows, |message| message.kind().routing_key()))
        .bind(write.bodies)
        .bind(outbox::shard(write.order.id))
}

fn bind_operations<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let rows: Vec<&Operation> = (write.order.payments.iter())
        .flat_map(|payment| &payment.operations)
        .filter(|operation| write.changes.operations.contains(&operation.id))
        .collect();
    query
        .bind(column(&rows, |row| row.id.uuid()))
        .bind(column(&rows, |row| row.payment.uuid()))
        .bind(column(&rows, |row| row.kind.as_str()))
        .bind(column(&rows, |row| row.state.as_str()))
        .bind(column(&rows, |row| row.amount.minor_units()))
        .bind(column(&rows, |row| row.settled_amount.map(Amount::minor_units)))
        .bind(column(&rows, |row| row.provider_reference.as_deref()))
        .bind(column(&rows, |row| row.failure.as_ref().map(|failure| failure.code.as_str())))
        .bind(column(&rows, |row| row.failure.as_ref().map(|failure| failure.message.as_str())))
        // Two texts in an object always serialise.
        .bind(column(&rows, |row| row.next_action.as_ref().and_then(|action| serde_json::to_string(action).ok())))
        .bind(column(&rows, |row| row.reverse_on_success))
        .bind(column(&rows, |row| row.conflicted))
        .bind(column(&rows, |row| timestamp(row.requested_at)))
        .bind(column(&rows, |row| row.sent_at.map(timestamp)))
        .bind(column(&rows, |row| row.settled_at.map(timestamp)))
        .bind(column(&rows, |row| row.attention.map(Attention::as_str)))
        .bind(column(&rows, |row| row.granted.minor_units()))
        .bind(column(&rows, |row| row.is_final))
        .bind(column(&rows, |row| row.undone_at.map(timestamp)))
}

fn bind_fulfillments<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let rows: Vec<&Fulfillment> =
        write.order.fulfillments.iter().filter(|fulfillment| write.changes.fulfillments.contains(&fulfillment.id)).collect();
    let parts: Vec<_> = rows.iter().flat_map(|row| row.lines.iter().map(|part| (row.id.uuid(), *part))).collect();
    query
        .bind(column(&rows, |row| row.id.uuid()))
        .bind(column(&rows, |row| row.stage.as_str()))
        .bind(column(&rows, |row| row.tracking.as_ref().map(|tracking| tracking.carrier.as_str())))
        .bind(column(&rows, |row| row.tracking.as_ref().map(|tracking| tracking.number.as_str())))
        .bind(column(&rows, |row| row.tracking.as_ref().and_then(|tracking| tracking.url.as_deref())))
        .bind(column(&rows, |row| timestamp(row.created_at)))
        .bind(column(&rows, |row| row.cancel_requested))
        .bind(column(&parts, |(fulfillment, _)| *fulfillment))
        .bind(column(&parts, |(_, part)| part.line.uuid()))
        .bind(column(&parts, |(_, part)| count(part.quantity)))
}

fn bind_timers<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let rows = &write.changes.timers_set;
    query
        .bind(column(rows, |set| set.timer.kind.as_str()))
        .bind(column(rows, |set| set.timer.subject))
        .bind(column(rows, |set| timestamp(set.due_at)))
        .bind(column(rows, |set| i32::try_from(set.attempts).unwrap_or(i32::MAX)))
}

fn bind_state<'q>(query: PgQuery<'q>, order: &Order) -> PgQuery<'q> {
    query
        .bind(ordinal(order.version))
        .bind(ordinal(order.event_sequence))
        .bind(order.status.as_str())
        .bind(order.payment_status.as_str())
        .bind(order.fulfillment_status.as_str())
        .bind(order.return_status.as_str())
        .bind(order.stock.status.as_str())
        .bind(i32::try_from(order.stock.attempt).unwrap_or(i32::MAX))
        .bind(Json(order.balances))
        .bind(timestamp(order.updated_at))
        .bind(order.shipping_refunded)
}

/// Binds new payments: six arrays.
pub(super) fn bind_new_payments<'q>(query: PgQuery<'q>, write: &Write<'q>) -> PgQuery<'q> {
    let new: Vec<&Payment> = write.order.payments.iter().filter(|payment| write.changes.new_payments.contains(&payment.id)).collect();
    query
        .bind(column(&new, |payment| payment.id.uuid()))
        .bind(column(&new, |payment| i32::try_from(payment.position).unwrap_or(i32::MAX)))
        .bind(column(&new, |payment| payment.method.as_str()))
        .bind(column(&new, |payment| payment.capture.as_str()))
        .bind(column(&new, |payment| payment.amount.minor_units()))
        .bind(write.tokens_sealed)
}

/// Binds what only `order_save.sql` takes: `$65` to `$83`.
pub(super) fn bind_save<'q>(query: PgQuery<'q>, write: &Write<'q>, answer: Option<&AnswerRow<'q>>) -> PgQuery<'q> {
    let lines: &[Line] = &write.order.lines;
    let spent: Vec<Uuid> = write.changes.spent_tokens.iter().map(|payment| payment.uuid()).collect();
    let query = query
        .bind(column(lines, |line| line.id.uuid()))
        .bind(column(lines, |line| count(line.quantities.cancelled)))
        .bind(column(lines, |line| count(line.quantities.fulfilled)))
        .bind(column(lines, |line| count(line.quantities.shipped)))
        .bind(column(lines, |line| count(line.quantities.delivered)))
        .bind(column(lines, |line| count(line.quantities.returned)))
        .bind(column(lines, |line| count(line.quantities.refunded)))
        .bind(column(&write.changes.timers_cleared, |timer| timer.kind.as_str()))
        .bind(column(&write.changes.timers_cleared, |timer| timer.subject))
        .bind(spent);
    bind_new_payments(query, write)
        .bind(answer.map(|answer| answer.function))
        .bind(answer.map(|answer| answer.key))
        .bind(answer.map(|answer| answer.answer_sealed))
}
