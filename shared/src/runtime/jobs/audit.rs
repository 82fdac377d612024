//! What an audit tells: gauges for alerts, and one line for each kind of finding.

use super::super::{JobContext, JobError};
use crate::{
    clock,
    db::orders::inspect::{Backlog, OrderKey},
    domain::{order::inspect::Discrepancy, timestamp::Timestamp},
    queries::audit_ledger::{self, Audit, Found},
    telemetry::metrics::{
        AUDIT_FINDINGS, AUDIT_ORDERS, DEFERRED_OVERDUE_SECONDS, OPERATIONS_UNKNOWN, OPERATIONS_WITH_ATTENTION, OUTBOX_OLDEST_SECONDS,
    },
};

/// A run by the schedule judges orders that changed within this time: each in three runs, so that one that was late or cut misses none.
/// A run by itself judges every order there is.
const RECENT_SECONDS: i64 = 900;

/// A finding is an error: the run fails, and with it a process that was started for this run alone.
pub(super) async fn run(job: &JobContext) -> Result<(), JobError> {
    let now = clock::now();
    measure_backlog(&audit_ledger::backlog(&job.database, now).await?);
    let since = if job.is_only_run { Timestamp::from_microsecond(0) } else { now.plus_seconds(-RECENT_SECONDS) };
    let audit = audit_ledger::execute(&job.database, now, since, || job.shutdown.is_requested()).await?;
    tell(&audit);
    if audit.findings.is_empty() { Ok(()) } else { Err("the audit found orders that are not right".into()) }
}

fn measure_backlog(backlog: &Backlog) {
    metrics::gauge!(OUTBOX_OLDEST_SECONDS).set(backlog.unpublished_seconds);
    metrics::gauge!(DEFERRED_OVERDUE_SECONDS).set(backlog.overdue_seconds);
    metrics::gauge!(OPERATIONS_UNKNOWN).set(measure(backlog.unknown_operations.unsigned_abs()));
    metrics::gauge!(OPERATIONS_WITH_ATTENTION).set(measure(backlog.operations_with_attention.unsigned_abs()));
}

fn tell(audit: &Audit) {
    metrics::gauge!(AUDIT_ORDERS).set(measure(audit.orders));
    for discrepancy in Discrepancy::ALL {
        let found = audit.findings.get(discrepancy).map_or(0, |found| found.count);
        metrics::gauge!(AUDIT_FINDINGS, "kind" => discrepancy.as_str()).set(measure(found));
    }
    for (discrepancy, Found { count, examples }) in &audit.findings {
        let named: Vec<String> = examples.iter().map(|(tenant, order): &OrderKey| format!("{order} of {tenant}")).collect();
        tracing::error!(
            labels.finding = discrepancy.as_str(),
            orders.count = count,
            orders.examples = named.join(", "),
            "the audit found orders that are not right"
        );
    }
    if audit.is_cut {
        tracing::warn!(orders.count = audit.orders, "the audit was stopped before the last order");
    } else {
        tracing::info!(orders.count = audit.orders, "the audit is done");
    }
}

/// A count as a gauge keeps it; beyond four thousand million the number matters no more.
fn measure(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
