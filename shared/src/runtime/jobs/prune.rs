//! What a run of prune-records tells: counters, and one line; a line more for each thing that a person should know.

use super::super::{JobContext, JobError};
use crate::{
    clock,
    commands::prune_records::{self, OPEN_DEAD_LETTERS, Pruned},
    telemetry::metrics::{OUTBOX_WEEKS_OVERDUE, RECORDS_PRUNED},
};

/// What was done is told also when something failed.
pub(super) async fn run(job: &JobContext) -> Result<(), JobError> {
    let (pruned, ended) = prune_records::execute(&job.database, clock::now(), || job.shutdown.is_requested()).await;
    measure(&pruned);
    tell(&pruned);
    Ok(ended?)
}

fn measure(pruned: &Pruned) {
    for (kind, rows) in &pruned.rows {
        metrics::counter!(RECORDS_PRUNED, "kind" => *kind).increment(*rows);
    }
    // Whoever could not look does not say that there are none.
    if !pruned.is_outbox_held {
        metrics::gauge!(OUTBOX_WEEKS_OVERDUE).set(u32::try_from(pruned.weeks_kept.len()).unwrap_or(u32::MAX));
    }
}

fn tell(pruned: &Pruned) {
    if !pruned.weeks_kept.is_empty() {
        tracing::error!(
            labels.partitions = pruned.weeks_kept.join(", "),
            "messages older than the outbox keeps them are still to be sent; their weeks are not dropped"
        );
    }
    if pruned.is_outbox_held {
        tracing::warn!("a long transaction holds the outbox: its weeks are left to the next run");
    }
    let rows = |kind| pruned.rows.get(kind).copied().unwrap_or(0);
    if rows(OPEN_DEAD_LETTERS) > 0 {
        tracing::error!(rows.count = rows(OPEN_DEAD_LETTERS), "dead letters are gone that nobody replayed or discarded in their time");
    }
    tracing::info!(
        weeks.added = pruned.weeks_added,
        weeks.dropped = pruned.weeks_dropped.join(", "),
        rows.outbox = rows("outbox"),
        rows.idempotency_records = rows("idempotency_records"),
        rows.inbox = rows("inbox"),
        rows.dead_letters = rows("dead_letters") + rows(OPEN_DEAD_LETTERS),
        "{}",
        if pruned.is_cut { "old records are gone, but for what is left to the next run" } else { "old records are gone" }
    );
}
