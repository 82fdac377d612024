//! Orders of all tenants as the audit reads them, page by page and each whole. Under a role that may read every table and write none.

use jiff_sqlx::ToSqlx;
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{ledger::LedgerRecord, record::OrderRecord};
use crate::{
    db::{Database, Error},
    domain::{
        ids::{OrderId, TenantId},
        order::{Order, inspect::Traces},
        payments::books::Books,
        timestamp::Timestamp,
    },
};

/// An order by its key.
pub type OrderKey = (TenantId, OrderId);

/// The key that comes before every other.
pub const BEFORE_ALL: OrderKey = (TenantId::new(Uuid::nil()), OrderId::new(Uuid::nil()));

/// An order of a page.
#[derive(Debug, Clone, Copy)]
pub struct Inspected {
    /// Which.
    pub key: OrderKey,
    /// It changed since the audit asked for.
    pub has_changed: bool,
    /// What it left in other tables; meaningless unless it changed.
    pub traces: Traces,
}

/// Which orders of a page are wanted with their traces.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Those that changed since.
    pub changed_since: Timestamp,
    /// The outbox is whole since.
    pub messages_since: Timestamp,
}

/// What waits, over all tenants.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    /// Seconds since the oldest unpublished message was written; 0 when there is none.
    pub unpublished_seconds: f64,
    /// Seconds since the longest overdue deferred message was due; 0 when none is.
    pub overdue_seconds: f64,
    /// Operations of unknown outcome.
    pub unknown_operations: i64,
    /// Operations that wait for a person.
    pub operations_with_attention: i64,
}

/// The `limit` orders after a key, changed or not.
///
/// # Errors
/// Any [`Error`].
pub async fn order_inspect_page(database: &Database, after: OrderKey, limit: i64, window: Window) -> Result<Vec<Inspected>, Error> {
    let rows = sqlx::query(include_str!("order_inspect_page.sql"))
        .bind(after.0.uuid())
        .bind(after.1.uuid())
        .bind(limit)
        .bind(window.changed_since.to_jiff().to_sqlx())
        .bind(window.messages_since.to_jiff().to_sqlx())
        .fetch_all(database.system())
        .await?;
    rows.iter().map(inspected).collect()
}

fn inspected(row: &PgRow) -> Result<Inspected, Error> {
    // Counts and versions are never negative.
    let count = |name: &str| row.try_get::<i64, _>(name).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Inspected {
        key: key(row)?,
        has_changed: row.try_get("has_changed")?,
        traces: Traces {
            version: count("version")?,
            history_rows: count("history_rows")?,
            history_first: count("history_first")?,
            history_last: count("history_last")?,
            silent_versions: count("silent_versions")?,
            orders_of_key: count("orders_of_key")?,
        },
    })
}

fn key(row: &PgRow) -> Result<OrderKey, Error> {
    Ok((TenantId::new(row.try_get("tenant_id")?), OrderId::new(row.try_get("id")?)))
}

/// An order with its books; nothing when it has none. They are read one after the other: their versions say whether they fit.
///
/// # Errors
/// Any [`Error`]; [`Error::Unexpected`] when what is stored is no order.
pub async fn order_with_books(database: &Database, (tenant, order): OrderKey) -> Result<Option<(Order, Books)>, Error> {
    let find = |statement: &'static str| sqlx::query(statement).bind(tenant.uuid());
    let loaded = find(include_str!("order_load.sql")).bind([order.uuid()]).fetch_optional(database.system()).await?;
    let ledger = find(include_str!("order_ledger.sql")).bind(order.uuid()).fetch_optional(database.system()).await?;
    let (Some(order), Some(books)) = (loaded, ledger) else {
        return Ok(None);
    };
    let (Json(order), Json(books)): (Json<OrderRecord>, Json<LedgerRecord>) = (order.try_get(0)?, books.try_get(0)?);
    Ok(Some((order.into_order()?, books.into_books()?)))
}

/// Orders that ended before a moment and hold stock, `limit` at most.
///
/// # Errors
/// Any [`Error`].
pub async fn order_holding_stock(database: &Database, ended_before: Timestamp, limit: i64) -> Result<Vec<OrderKey>, Error> {
    let rows = sqlx::query(include_str!("order_holding_stock.sql"))
        .bind(ended_before.to_jiff().to_sqlx())
        .bind(limit)
        .fetch_all(database.system())
        .await?;
    rows.iter().map(key).collect()
}

/// What waits now.
///
/// # Errors
/// Any [`Error`].
pub async fn order_backlog(database: &Database, now: Timestamp) -> Result<Backlog, Error> {
    let row = sqlx::query(include_str!("order_backlog.sql")).bind(now.to_jiff().to_sqlx()).fetch_one(database.system()).await?;
    Ok(Backlog {
        unpublished_seconds: row.try_get("unpublished_seconds")?,
        overdue_seconds: row.try_get("overdue_seconds")?,
        unknown_operations: row.try_get("unknown_operations")?,
        operations_with_attention: row.try_get("operations_with_attention")?,
    })
}
