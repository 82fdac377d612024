//! The outbox as those see it who follow a tenant's events: read in the order of positions, and changed by nobody.
//!
//! `seq` alone is no order to resume by: it is given out before the commit, so what commits late would stand before what was read already.
//! The transaction comes first, and what is younger than the oldest open one is not told (docs/adr/0013).

use jiff_sqlx::ToSqlx;
use uuid::Uuid;

use super::{Database, Error, TenantTx};
use crate::domain::{
    ids::{OrderId, TenantId},
    position::Position,
    timestamp::Timestamp,
};

/// One event that can be told.
#[derive(Debug)]
pub struct EventRow {
    /// Its place.
    pub position: Position,
    /// The order that it is about.
    pub order: OrderId,
    /// The final bytes, one structured-mode CloudEvent; nothing for an event of an order that nobody asked for.
    pub body: Option<Vec<u8>>,
}

/// Some events of a tenant, in their order.
#[derive(Debug)]
pub struct EventPage {
    /// What can be told.
    pub events: Vec<EventRow>,
    /// There may be more behind them that can be told, too.
    pub is_full: bool,
    /// Something behind them has been committed and cannot be told yet: an older transaction is open.
    pub is_held: bool,
}

type Row = (String, i64, Uuid, bool, Option<Vec<u8>>);

/// The events behind a position, `limit` at most; with an order, the bytes of that order's alone.
///
/// # Errors
/// Any [`Error`].
pub async fn outbox_events_after(
    database: &Database,
    tenant: TenantId,
    after: Position,
    order: Option<OrderId>,
    limit: u16,
) -> Result<EventPage, Error> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let rows: Result<Vec<Row>, sqlx::Error> = sqlx::query_as(include_str!("outbox_events_after.sql"))
        .bind(tenant.uuid())
        .bind(after.tx.to_string())
        .bind(after.seq)
        .bind(order.map(OrderId::uuid))
        .bind(i64::from(limit))
        .fetch_all(tx.connection())
        .await;
    tx.rollback().await;
    let rows = rows?;
    let is_full = rows.len() == usize::from(limit);
    let mut events = Vec::with_capacity(rows.len());
    for (tx, seq, order, is_told, body) in rows {
        if !is_told {
            return Ok(EventPage { events, is_full: false, is_held: true });
        }
        events.push(EventRow { position: position((tx, seq))?, order: OrderId::new(order), body });
    }
    Ok(EventPage { events, is_full, is_held: false })
}

/// The position of the last event that can be told; [`Position::START`] when there is none.
///
/// # Errors
/// Any [`Error`].
pub async fn outbox_event_last(database: &Database, tenant: TenantId) -> Result<Position, Error> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let last: Result<Option<(String, i64)>, sqlx::Error> =
        sqlx::query_as(include_str!("outbox_event_last.sql")).bind(tenant.uuid()).fetch_optional(tx.connection()).await;
    tx.rollback().await;
    last?.map_or(Ok(Position::START), position)
}

/// Whether there is an event at a position, and was written at `since` or later.
///
/// # Errors
/// Any [`Error`].
pub async fn outbox_event_at(database: &Database, tenant: TenantId, at: Position, since: Timestamp) -> Result<bool, Error> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let exists: Result<bool, sqlx::Error> = sqlx::query_scalar(include_str!("outbox_event_at.sql"))
        .bind(tenant.uuid())
        .bind(at.tx.to_string())
        .bind(at.seq)
        .bind(since.to_jiff().to_sqlx())
        .fetch_one(tx.connection())
        .await;
    tx.rollback().await;
    Ok(exists?)
}

/// PostgreSQL prints an `xid8` as digits; anything else is a bug of the statement.
fn position((tx, seq): (String, i64)) -> Result<Position, Error> {
    let tx = tx.parse().map_err(|error| Error::Unexpected(sqlx::Error::Decode(Box::new(error))))?;
    Ok(Position { tx, seq })
}
