//! A version of an order as callers see it.

use serde::Serialize;

use crate::{domain::timestamp::Timestamp, queries::HistoryRow};

/// Who changed what, when and why.
#[derive(Debug, Serialize)]
pub struct HistoryEntryView<'a> {
    version: i64,
    action: &'a str,
    actor: &'a str,
    from: Option<&'a str>,
    to: &'a str,
    reason: Option<&'a str>,
    correlation_id: Option<&'a str>,
    at: Timestamp,
}

impl<'a> HistoryEntryView<'a> {
    /// Shows a history row.
    pub fn new(row: &'a HistoryRow) -> Self {
        Self {
            version: row.version,
            action: &row.action,
            actor: &row.actor,
            from: row.from_status.as_deref(),
            to: &row.to_status,
            reason: row.reason.as_deref(),
            correlation_id: row.correlation_id.as_deref(),
            at: row.at,
        }
    }
}
