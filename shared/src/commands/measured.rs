//! Counters of what commands committed.

use crate::{domain::order::draft::Changes, telemetry::metrics::ORDERS};

/// Counts the statuses that an order entered. To be called once the change is committed.
pub(super) fn count(changes: &Changes) {
    for entry in changes.history.iter().filter(|entry| entry.from != Some(entry.to)) {
        metrics::counter!(ORDERS, "status" => entry.to.as_str()).increment(1);
    }
}
