//! Tells Redis that something happened to an order: the bell of its tenant's live views rings.
//!
//! Nothing hangs on it. Live views look at PostgreSQL every second, so a bell that is not rung costs at most that, and one that is rung
//! twice a look. Therefore there is no claim and no failure.

use super::Context;
use crate::{
    domain::ids::{OrderId, TenantId},
    telemetry::metrics::LIVE_BELLS_UNRUNG,
};

/// Rings. That Redis is away is counted and no reason to do anything else.
pub async fn execute(context: &Context, tenant: TenantId, _order: OrderId, _version: u64) {
    let Some(cache) = &context.cache else { return };
    // Here, and nowhere else, the order's copy in Redis is marked as older than `version`, once there is one.
    if let Err(error) = cache.ring(tenant).await {
        tracing::debug!(tenant.id = %tenant, error.message = %error, "the bell could not be rung; live views look by themselves");
        metrics::counter!(LIVE_BELLS_UNRUNG).increment(1);
    }
}
