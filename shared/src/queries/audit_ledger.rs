//! Whether what is stored is right: every order against its books, its history and its own rules, over all tenants and within limits.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Database, QueryError};
use crate::{
    db::{
        self,
        orders::inspect::{self, BEFORE_ALL, Backlog, Inspected, OrderKey, Window},
    },
    domain::{order::inspect::Discrepancy, retention::OUTBOX_SECONDS, timestamp::Timestamp},
};

/// Orders read at once, changed or not; the next page begins after the last of them.
const PAGE: i64 = 1_000;
/// Orders of a page that are loaded whole at once.
const LOADED_AT_ONCE: usize = 4;
/// Versions older than this are not asked for their messages: the outbox may let go of them while the audit reads.
const MESSAGES_KEPT_SECONDS: i64 = OUTBOX_SECONDS - 86_400;
/// An ended order may hold its stock so long: releasing it takes an answer.
const STOCK_HELD_SECONDS: i64 = 3_600;
/// Orders named with each kind of finding; beyond it they are only counted.
const EXAMPLES_MAX: usize = 5;
/// Ended orders with stock that are counted at most; one is already a finding.
const HOLDING_STOCK_MAX: i64 = 1_000;

/// What was found.
#[derive(Debug, Default)]
pub struct Audit {
    /// Orders that were judged.
    pub orders: u64,
    /// What is wrong.
    pub findings: BTreeMap<Discrepancy, Found>,
    /// It was stopped before the last order.
    pub is_cut: bool,
}

/// The orders with one kind of finding.
#[derive(Debug, Default)]
pub struct Found {
    /// How many.
    pub count: u64,
    /// The first few.
    pub examples: Vec<OrderKey>,
}

impl Audit {
    fn note(&mut self, discrepancy: Discrepancy, order: OrderKey) {
        let found = self.findings.entry(discrepancy).or_default();
        found.count += 1;
        if found.examples.len() < EXAMPLES_MAX {
            found.examples.push(order);
        }
    }
}

/// Judges every order that changed since a moment, until told to stop. An order that changes meanwhile is left to the next audit.
///
/// # Errors
/// [`QueryError::Unavailable`] when PostgreSQL is away: what was found until then is lost.
pub async fn execute(database: &Database, now: Timestamp, since: Timestamp, is_stopped: impl Fn() -> bool) -> Result<Audit, QueryError> {
    let window = Window { changed_since: since, messages_since: now.plus_seconds(-MESSAGES_KEPT_SECONDS) };
    let mut audit = Audit::default();
    for order in inspect::order_holding_stock(database, now.plus_seconds(-STOCK_HELD_SECONDS), HOLDING_STOCK_MAX).await? {
        audit.note(Discrepancy::StockHeld, order);
    }
    let mut after = BEFORE_ALL;
    loop {
        if is_stopped() {
            audit.is_cut = true;
            return Ok(audit);
        }
        let page = inspect::order_inspect_page(database, after, PAGE, window).await?;
        let Some(last) = page.last() else { return Ok(audit) };
        after = last.key;
        let changed = page.into_iter().filter(|order| order.has_changed);
        let mut judged = stream::iter(changed).map(|order| judge(database, order)).buffer_unordered(LOADED_AT_ONCE);
        while let Some((order, found)) = judged.try_next().await? {
            audit.orders += 1;
            found.into_iter().for_each(|discrepancy| audit.note(discrepancy, order));
        }
    }
}

/// What waits, over all tenants.
///
/// # Errors
/// [`QueryError::Unavailable`] when PostgreSQL is away.
pub async fn backlog(database: &Database, now: Timestamp) -> Result<Backlog, QueryError> {
    Ok(inspect::order_backlog(database, now).await?)
}

async fn judge(database: &Database, inspected: Inspected) -> Result<(OrderKey, Vec<Discrepancy>), QueryError> {
    let Inspected { key, traces, .. } = inspected;
    let (order, books) = match inspect::order_with_books(database, key).await {
        Ok(Some(loaded)) => loaded,
        Ok(None) | Err(db::Error::Unexpected(_)) => return Ok((key, vec![Discrepancy::Unreadable])),
        Err(error) => return Err(error.into()),
    };
    if (order.version, books.version) != (traces.version, traces.version) {
        return Ok((key, Vec::new()));
    }
    Ok((key, traces.discrepancies().into_iter().chain(order.discrepancies(&books)).collect()))
}
