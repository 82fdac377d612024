//! What follows the commit of a change for those who read: the views that Redis keeps of the order are outdated. Nothing that matters: a
//! reader may be behind for as long as a view is kept, and `on-order-event` reports the change once more.

use futures_util::future::BoxFuture;

use super::{Context, change_order::Changed};
use crate::domain::ids::{OrderId, TenantId};

/// Says so to Redis, if there is one and something changed. What is to be said is taken along, so that it can be said while others go on.
pub(super) fn outdate(context: &Context, tenant: TenantId, changed: &[&Changed]) -> BoxFuture<'static, ()> {
    let versions: Vec<(OrderId, u64)> =
        changed.iter().filter(|changed| !changed.changes.is_empty()).map(|changed| (changed.order.id, changed.order.version)).collect();
    let cache = context.cache.clone().filter(|_| !versions.is_empty());
    Box::pin(async move {
        let Some(cache) = cache else { return };
        if let Err(error) = cache.orders_outdate(tenant, &versions).await {
            tracing::debug!(error.message = %error, "views of changed orders are not outdated in Redis");
        }
    })
}
