//! A version of an order as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{domain::timestamp::Timestamp, queries::HistoryRow};

/// Who changed what, when and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub struct HistoryEntryView<'a> {
    /// The version that the change made, from 1.
    version: i64,
    /// What was done: `created`, `stock_reserved`, `payment_captured`, …
    action: &'a str,
    /// Who did it: `key_…` or `function:…`.
    actor: &'a str,
    /// The status before it; nothing for the first.
    #[schema(required)]
    from: Option<&'a str>,
    /// The status after it.
    to: &'a str,
    /// Why, where somebody said so.
    #[schema(required)]
    reason: Option<&'a str>,
    /// The request or message that began it.
    #[schema(required)]
    correlation_id: Option<&'a str>,
    /// When.
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
