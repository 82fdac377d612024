//! Tells Redis that something happened to an order: older views of it are outdated, and the bell of its tenant's live views rings.
//!
//! Nothing hangs on it. A view is kept for half a minute at most, and outdated by whoever changes its order; live views look at PostgreSQL
//! every second, so a bell that is not rung costs at most that, and one that is rung twice a look. Therefore there is no claim and no
//! failure.

use super::Context;
use crate::{
    domain::ids::{OrderId, TenantId},
    telemetry::metrics::LIVE_BELLS_UNRUNG,
};

/// Says so. That Redis is away is counted and no reason to do anything else.
pub async fn execute(context: &Context, tenant: TenantId, order: OrderId, version: u64) {
    let Some(cache) = &context.cache else { return };
    let outdated = cache.orders_outdate(tenant, &[(order, version)]).await;
    // The bell after it: who is woken by it reads what is new.
    if let Err(error) = outdated.and(cache.ring(tenant).await) {
        tracing::debug!(tenant.id = %tenant, error.message = %error, "the bell could not be rung; live views look by themselves");
        metrics::counter!(LIVE_BELLS_UNRUNG).increment(1);
    }
}
