//! What a tenant has agreed to: the switches and limits that its orders obey.

use serde::{Deserialize, Serialize};

/// Seconds a new order may wait for its money unless the tenant says otherwise: one day.
pub const DEFAULT_PAYMENT_DEADLINE_SECONDS: u32 = 86_400;

/// A tenant's policy. Absent members take their defaults, so that a new switch needs no migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantPolicy {
    /// Orders wait for an inventory service's reservation. Off for a tenant without one.
    pub stock: bool,
    /// Time from placing an order to its expiry without payment.
    pub payment_deadline_seconds: u32,
    /// ISO 4217 codes it may use; empty: every currency we know.
    pub currencies: Vec<String>,
}

impl Default for TenantPolicy {
    fn default() -> Self {
        Self { stock: true, payment_deadline_seconds: DEFAULT_PAYMENT_DEADLINE_SECONDS, currencies: Vec::new() }
    }
}
