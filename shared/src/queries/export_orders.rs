//! A tenant's orders one after the other, each whole, from the oldest on.

use super::{Database, OrderFilter, QueryError};
use crate::{
    db::{TenantTx, orders},
    domain::{
        ids::{OrderId, TenantId},
        order::Order,
        timestamp::Timestamp,
    },
};

/// Microseconds by which an order may be seen later than its id says: the id is made first, then statements with their waits and repeats
/// follow, and the clocks of two processes differ.
const SETTLED_AFTER_US: i64 = 60_000_000;

/// Reads the next orders after one of them that fit the filter, so many at most, in a transaction of their own. Each is as it is now.
///
/// # Errors
/// A store's failures.
pub async fn execute(
    database: &Database,
    tenant: TenantId,
    filter: &OrderFilter,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<Order>, QueryError> {
    let mut tx = TenantTx::begin(database, tenant).await?;
    let page = async {
        let ids = orders::order_export_page(&mut tx, tenant, filter, after, limit).await?;
        // Nothing to load is the end, which every export meets.
        if ids.is_empty() { Ok(Vec::new()) } else { orders::orders_load(&mut tx, tenant, &ids).await }
    }
    .await;
    tx.rollback().await;
    let mut page = page?;
    page.sort_unstable_by_key(|order| order.id);
    Ok(page)
}

/// Where the next export of new orders begins, if one that began at `began` ended with the order `last`. Not simply behind it: an older
/// one may still be on its way into the database. The last minute therefore comes again.
pub fn next_after(last: Option<OrderId>, began: Timestamp) -> OrderId {
    let settled = orders::first_order_of(Timestamp::from_microsecond(began.as_microsecond() - SETTLED_AFTER_US));
    last.map_or(settled, |last| last.min(settled))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_last_minute_comes_again() {
        let began = Timestamp::from_microsecond(1_795_341_600_000_000);
        let old = OrderId::new(Uuid::from_u128(7));
        assert_eq!(next_after(Some(old), began), old, "what is older than a minute is settled");
        let minute_ago = orders::first_order_of(Timestamp::from_microsecond(1_795_341_540_000_000));
        for last in [None, Some(orders::first_order_of(began))] {
            assert_eq!(next_after(last, began), minute_ago);
        }
    }
}
