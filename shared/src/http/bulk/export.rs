//! The run of one export: page after page, each read when the caller has room for it.

use bytes::Bytes;
use tokio::time::Instant;
use tracing::Instrument;

use super::{
    csv,
    pieces::{self, Gone, Pieces},
};
use crate::{
    db::Database,
    domain::{
        ids::{OrderId, TenantId},
        order::Order,
        text_enum::text_enum,
        timestamp::Timestamp,
    },
    http::{
        Call, Problem, Reply, query as parameters,
        views::{Expand, ExportEndView, OrderView},
    },
    queries::{OrderFilter, export_orders as query},
};

/// Orders that are read at a time, in a transaction of their own. A thousand lines each would make ten megabytes of them.
const PAGE_ORDERS: i64 = 25;
/// Pages that wait for a caller who reads slowly; then no further page is read until he does.
const PAGES_WAITING_MAX: usize = 2;

text_enum! {
    /// How exported orders are written.
    ExportFormat {
        /// One JSON document a line, the whole order; the last line is the end.
        Ndjson = "ndjson",
        /// One row an order, its most used members, after a row of names (RFC 4180).
        Csv = "csv",
    }
}

impl ExportFormat {
    /// Media type of the answer.
    const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// What is exported, and how.
#[derive(Debug)]
pub struct Export {
    /// Which orders.
    pub filter: OrderFilter,
    /// Behind this one.
    pub after: Option<OrderId>,
    /// As what.
    pub format: ExportFormat,
    /// With these parts; not for rows.
    pub expand: Expand,
}

/// Answers with every order that fits, oldest first. A task makes the answer for as long as the caller reads and the call may last; an
/// answer that is not whole is broken off.
///
/// # Errors
/// 422 for parts of orders in rows; 503 when the first page cannot be read.
pub async fn export_orders(call: &Call, export: Export) -> Result<Reply, Problem> {
    if export.format == ExportFormat::Csv && export.expand != Expand::default() {
        return Err(parameters::misfit("expand", "rows have no place for parts of orders; ask for format=ndjson"));
    }
    let (database, tenant) = (call.database().clone(), call.tenant()?);
    // A store that is away is told by the status as long as there is one to choose.
    let page = query::execute(&database, tenant, &export.filter, export.after, PAGE_ORDERS).await?;
    let (pieces, reply) = pieces::answer(export.format.media_type(), PAGES_WAITING_MAX);
    let run = Run { database, tenant, export, began: call.received_at(), until: call.deadline(), orders: 0 };
    tokio::spawn(run.run(page, pieces).in_current_span());
    Ok(reply)
}

/// Why an answer was broken off.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the caller is gone: {0:?}")]
    Gone(Gone),
    #[error("the time of the call is over")]
    TooLong,
    #[error("a page could not be read or written")]
    Failed(Problem),
}

struct Run {
    database: Database,
    tenant: TenantId,
    export: Export,
    began: Timestamp,
    until: Instant,
    orders: u64,
}

impl Run {
    async fn run(mut self, page: Vec<Order>, pieces: Pieces) {
        match self.answer(page, pieces).await {
            Ok(()) => tracing::info!(orders.count = self.orders, "an export has ended"),
            Err(cut) => self.log(&cut),
        }
    }

    fn log(&self, cut: &Cut) {
        match cut {
            Cut::Failed(problem) => {
                let (code, cause) = (problem.code().as_str(), problem.cause_chain());
                tracing::error!(orders.count = self.orders, error.code = code, error.message = cause, "an export was broken off");
            }
            Cut::Gone(_) | Cut::TooLong => {
                tracing::info!(orders.count = self.orders, event.reason = %cut, "an export was broken off");
            }
        }
    }

    async fn answer(&mut self, mut page: Vec<Order>, pieces: Pieces) -> Result<(), Cut> {
        let mut piece = self.head();
        while let Some(last) = page.last().map(|order| order.id) {
            for order in &page {
                self.write(order, &mut piece).map_err(Cut::Failed)?;
            }
            self.orders += page.len() as u64;
            pieces.send(Bytes::from(std::mem::take(&mut piece)), self.until).await.map_err(Cut::Gone)?;
            if Instant::now() >= self.until {
                return Err(Cut::TooLong);
            }
            self.export.after = Some(last);
            let next = query::execute(&self.database, self.tenant, &self.export.filter, self.export.after, PAGE_ORDERS).await;
            page = next.map_err(|error| Cut::Failed(error.into()))?;
        }
        self.write_end(&mut piece).map_err(Cut::Failed)?;
        if !piece.is_empty() {
            pieces.send(piece.into(), self.until).await.map_err(Cut::Gone)?;
        }
        pieces.finish(self.until).await.map_err(Cut::Gone)
    }

    fn head(&self) -> Vec<u8> {
        match self.export.format {
            ExportFormat::Ndjson => Vec::new(),
            ExportFormat::Csv => csv::head(),
        }
    }

    fn write(&self, order: &Order, piece: &mut Vec<u8>) -> Result<(), Problem> {
        match self.export.format {
            ExportFormat::Ndjson => {
                let view = OrderView::new(order, self.export.expand).map_err(Problem::internal)?;
                serde_json::to_writer(&mut *piece, &view).map_err(Problem::internal)?;
                piece.push(b'\n');
                Ok(())
            }
            ExportFormat::Csv => csv::write(order, piece),
        }
    }

    fn write_end(&self, piece: &mut Vec<u8>) -> Result<(), Problem> {
        if self.export.format == ExportFormat::Csv {
            // A row that is no order would be read as one.
            return Ok(());
        }
        let end = ExportEndView::new(self.orders, query::next_after(self.export.after, self.began));
        serde_json::to_writer(&mut *piece, &end).map_err(Problem::internal)?;
        piece.push(b'\n');
        Ok(())
    }
}
