//! Orders and everything that commits with them.
//!
//! Two statements write: `order_create.sql`, a whole new order in one autocommit statement, and `order_save.sql`, a changed one. Both
//! take what a [`Draft`](crate::domain::order::draft::Draft) collected, as the same parameters in the same places ([`changes`]).

mod changes;
mod create;
mod export;
pub mod inspect;
mod ledger;
mod page;
mod record;

use jiff_sqlx::ToSqlx;
use sqlx::{Row, types::Json};
use uuid::Uuid;

pub use self::{
    changes::{AnswerRow, SealedToken, Write},
    create::NewOrderRow,
    export::{first_order_of, order_export_page},
    page::{OrderFilter, OrderSummary},
};
use super::{Database, Error, TenantTx, idempotency_records::ClaimRow};
use crate::domain::{
    ids::{OrderId, PaymentId, TenantId},
    order::Order,
    payments::books::Books,
    timestamp::Timestamp,
};

/// One stored version of an order.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    /// The version it made.
    pub version: i64,
    /// What happened.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// Status before.
    pub from_status: Option<String>,
    /// Status after.
    pub to_status: String,
    /// A stable reason code.
    pub reason: Option<String>,
    /// What joins everything that one request caused.
    pub correlation_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What claiming and locking an order came to.
#[derive(Debug, Clone, Copy)]
pub struct Lock {
    /// The message or the key is new.
    pub claimed: bool,
    /// The order exists.
    pub found: bool,
}

/// A message as its consumer's inbox knows it.
#[derive(Debug, Clone, Copy)]
pub struct InboxKey<'a> {
    /// The consuming function.
    pub consumer: &'a str,
    /// CloudEvents `source`.
    pub source: &'a str,
    /// CloudEvents `id`.
    pub message_id: &'a str,
}

/// Claims a message and locks its order, in one statement that reads nothing else.
///
/// # Errors
/// Any [`Error`]; [`Error::LockTimeout`] when the order is busy.
pub async fn order_lock_for_message(
    tx: &mut TenantTx,
    tenant: TenantId,
    order: OrderId,
    key: InboxKey<'_>,
    now: Timestamp,
) -> Result<Lock, Error> {
    let (claimed, found) = sqlx::query_as(include_str!("order_lock_for_message.sql"))
        .bind(order.uuid())
        .bind(key.consumer)
        .bind(key.source)
        .bind(key.message_id)
        .bind(now.to_jiff().to_sqlx())
        .bind(tenant.uuid())
        .fetch_one(tx.connection())
        .await?;
    Ok(Lock { claimed, found })
}

/// Claims messages of one consumer and locks their orders, in one statement that reads nothing else and waits for nobody. Each message
/// must be about another order. Answers which orders are ours now, each with whether its message is new.
///
/// # Errors
/// Any [`Error`].
pub async fn order_lock_for_messages(
    tx: &mut TenantTx,
    tenant: TenantId,
    messages: &[(OrderId, InboxKey<'_>)],
    now: Timestamp,
) -> Result<Vec<(OrderId, bool)>, Error> {
    let Some((_, InboxKey { consumer, .. })) = messages.first() else { return Ok(Vec::new()) };
    let rows: Vec<(Uuid, bool)> = sqlx::query_as(include_str!("order_lock_for_messages.sql"))
        .bind(tenant.uuid())
        .bind(consumer)
        .bind(changes::column(messages, |(order, _)| order.uuid()))
        .bind(changes::column(messages, |(_, key)| key.source))
        .bind(changes::column(messages, |(_, key)| key.message_id))
        .bind(now.to_jiff().to_sqlx())
        .fetch_all(tx.connection())
        .await?;
    Ok(rows.into_iter().map(|(order, claimed)| (OrderId::new(order), claimed)).collect())
}

/// Claims an idempotency key and locks the order, in one statement that reads nothing else.
///
/// # Errors
/// Any [`Error`]; [`Error::LockTimeout`] when the key or the order is busy.
pub async fn order_lock_for_request(tx: &mut TenantTx, tenant: TenantId, order: OrderId, claim: &ClaimRow<'_>) -> Result<Lock, Error> {
    let (claimed, found) = sqlx::query_as(include_str!("order_lock_for_request.sql"))
        .bind(order.uuid())
        .bind(claim.function)
        .bind(claim.key)
        .bind(claim.fingerprint)
        .bind(claim.now.to_jiff().to_sqlx())
        .bind(tenant.uuid())
        .fetch_one(tx.connection())
        .await?;
    Ok(Lock { claimed, found })
}

/// Locks an order without claiming anything; false when there is none.
///
/// # Errors
/// Any [`Error`]; [`Error::LockTimeout`] when the order is busy.
pub async fn order_lock(tx: &mut TenantTx, tenant: TenantId, order: OrderId) -> Result<bool, Error> {
    let row = sqlx::query(include_str!("order_lock.sql")).bind(tenant.uuid()).bind(order.uuid()).fetch_optional(tx.connection()).await?;
    Ok(row.is_some())
}

/// Loads an order, whole.
///
/// # Errors
/// Any [`Error`]; [`Error::Unexpected`] when what is stored is no order.
pub async fn order_load(tx: &mut TenantTx, tenant: TenantId, order: OrderId) -> Result<Option<Order>, Error> {
    Ok(orders_load(tx, tenant, &[order]).await?.pop())
}

/// Loads orders, each whole, in no order; those that there are.
///
/// # Errors
/// Any [`Error`]; [`Error::Unexpected`] when what is stored is no order.
pub async fn orders_load(tx: &mut TenantTx, tenant: TenantId, orders: &[OrderId]) -> Result<Vec<Order>, Error> {
    let documents: Vec<(Json<record::OrderRecord>,)> = sqlx::query_as(include_str!("order_load.sql"))
        .bind(tenant.uuid())
        .bind(changes::column(orders, |order| order.uuid()))
        .fetch_all(tx.connection())
        .await?;
    documents.into_iter().map(|(Json(document),)| document.into_order()).collect()
}

/// The books of an order.
///
/// # Errors
/// Any [`Error`]; [`Error::Unexpected`] when what is stored are no books.
pub async fn order_ledger(tx: &mut TenantTx, tenant: TenantId, order: OrderId) -> Result<Option<Books>, Error> {
    let row = sqlx::query(include_str!("order_ledger.sql")).bind(tenant.uuid()).bind(order.uuid()).fetch_optional(tx.connection()).await?;
    let Some(row) = row else { return Ok(None) };
    let Json(document) = row.try_get::<Json<ledger::LedgerRecord>, _>(0)?;
    document.into_books().map(Some)
}

/// Saves a changed order with everything that commits with it, the answer of the request included if one asked for it.
///
/// # Errors
/// Any [`Error`].
pub async fn order_save(tx: &mut TenantTx, write: &Write<'_>, answer: Option<&AnswerRow<'_>>) -> Result<(), Error> {
    let query = changes::bind(sqlx::query(include_str!("order_save.sql")), write);
    changes::bind_save(query, write, answer).execute(tx.connection()).await?;
    Ok(())
}

/// Writes a new order in one autocommit statement. False: the idempotency key is taken, nothing was written.
///
/// # Errors
/// Any [`Error`]; [`Error::Constraint`] names `orders_create_key_key` or `orders_external_reference_key` when those are taken.
pub async fn order_create(database: &Database, write: &Write<'_>, row: &NewOrderRow<'_>) -> Result<bool, Error> {
    let query = changes::bind(sqlx::query(include_str!("order_create.sql")), write);
    let answer = create::bind(query, write, row).fetch_one(database.system()).await?;
    Ok(answer.try_get(0)?)
}

/// The order that a creation key made, with the fingerprint of that request.
///
/// # Errors
/// Any [`Error`].
pub async fn order_find_by_create_key(tx: &mut TenantTx, tenant: TenantId, key: &str) -> Result<Option<(OrderId, Vec<u8>)>, Error> {
    let row: Option<(Uuid, Vec<u8>)> =
        sqlx::query_as(include_str!("order_find_by_create_key.sql")).bind(tenant.uuid()).bind(key).fetch_optional(tx.connection()).await?;
    Ok(row.map(|(id, fingerprint)| (OrderId::new(id), fingerprint)))
}

/// An order by the creation key that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedOrder {
    /// Its id.
    pub id: OrderId,
    /// For people.
    pub number: i64,
    /// Fingerprint of the request that made it.
    pub fingerprint: Vec<u8>,
}

/// The orders that creation keys made, each with its key; of keys that made none, nothing.
///
/// # Errors
/// Any [`Error`].
pub async fn order_find_by_create_keys(tx: &mut TenantTx, tenant: TenantId, keys: &[String]) -> Result<Vec<(String, CreatedOrder)>, Error> {
    let rows: Vec<(String, Uuid, i64, Vec<u8>)> =
        sqlx::query_as(include_str!("order_find_by_create_keys.sql")).bind(tenant.uuid()).bind(keys).fetch_all(tx.connection()).await?;
    let created = |(key, id, number, fingerprint)| (key, CreatedOrder { id: OrderId::new(id), number, fingerprint });
    Ok(rows.into_iter().map(created).collect())
}

/// The order that bears a caller's reference.
///
/// # Errors
/// Any [`Error`].
pub async fn order_find_by_external_reference(tx: &mut TenantTx, tenant: TenantId, reference: &str) -> Result<Option<OrderId>, Error> {
    let row: Option<(Uuid,)> = sqlx::query_as(include_str!("order_find_by_external_reference.sql"))
        .bind(tenant.uuid())
        .bind(reference)
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.map(|(id,)| OrderId::new(id)))
}

/// The order that a tender belongs to.
///
/// # Errors
/// Any [`Error`].
pub async fn order_find_by_payment(tx: &mut TenantTx, tenant: TenantId, payment: PaymentId) -> Result<Option<OrderId>, Error> {
    let row: Option<(Uuid,)> = sqlx::query_as(include_str!("order_find_by_payment.sql"))
        .bind(tenant.uuid())
        .bind(payment.uuid())
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.map(|(id,)| OrderId::new(id)))
}

/// Whether an order exists.
///
/// # Errors
/// Any [`Error`].
pub async fn order_exists(tx: &mut TenantTx, tenant: TenantId, order: OrderId) -> Result<bool, Error> {
    let row = sqlx::query(include_str!("order_exists.sql")).bind(tenant.uuid()).bind(order.uuid()).fetch_one(tx.connection()).await?;
    Ok(row.try_get(0)?)
}

type HistoryColumns = (i64, String, String, Option<String>, String, Option<String>, Option<String>, jiff_sqlx::Timestamp);

/// The history of an order after a version, oldest first, so many rows at most.
///
/// # Errors
/// Any [`Error`].
pub async fn order_history_list(
    tx: &mut TenantTx,
    tenant: TenantId,
    order: OrderId,
    after: i64,
    limit: i64,
) -> Result<Vec<HistoryRow>, Error> {
    let rows: Vec<HistoryColumns> = sqlx::query_as(include_str!("order_history_list.sql"))
        .bind(tenant.uuid())
        .bind(order.uuid())
        .bind(after)
        .bind(limit)
        .fetch_all(tx.connection())
        .await?;
    Ok(rows.into_iter().map(history_row).collect())
}

fn history_row((version, action, actor, from_status, to_status, reason, correlation_id, at): HistoryColumns) -> HistoryRow {
    HistoryRow { version, action, actor, from_status, to_status, reason, correlation_id, at: at.to_jiff().into() }
}

/// A page of a tenant's orders, newest first.
///
/// # Errors
/// Any [`Error`].
pub async fn order_list_page(tx: &mut TenantTx, tenant: TenantId, filter: &OrderFilter, limit: i64) -> Result<Vec<OrderSummary>, Error> {
    page::fetch(tx, tenant, filter, limit).await
}

/// The sealed token of a payment, until it is spent.
///
/// # Errors
/// Any [`Error`].
pub async fn payment_token_find(tx: &mut TenantTx, tenant: TenantId, payment: PaymentId) -> Result<Option<Vec<u8>>, Error> {
    let row: Option<(Option<Vec<u8>>,)> = sqlx::query_as(include_str!("payment_token_find.sql"))
        .bind(tenant.uuid())
        .bind(payment.uuid())
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.and_then(|(token,)| token))
}
