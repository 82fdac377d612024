//! Pages of an export: ids alone, oldest first. The orders themselves are loaded with `order_load.sql`.

use sqlx::Row;
use uuid::Uuid;

use super::{OrderFilter, page::first_id_of};
use crate::{
    db::{Error, TenantTx},
    domain::{
        ids::{OrderId, TenantId},
        order::status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus},
        timestamp::Timestamp,
    },
};

/// The smallest id that an order of a moment can have.
pub fn first_order_of(moment: Timestamp) -> OrderId {
    OrderId::new(first_id_of(moment))
}

/// The next of a tenant's orders after one of them, oldest first, so many at most. (`filter.before` is not for this direction.)
///
/// # Errors
/// Any [`Error`].
pub async fn order_export_page(
    tx: &mut TenantTx,
    tenant: TenantId,
    filter: &OrderFilter,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<OrderId>, Error> {
    let first = filter.created_from.map_or(Uuid::nil(), first_id_of);
    // Nothing comes after the largest id there is, which no UUIDv7 is.
    let next = after.map_or(Uuid::nil(), |after| Uuid::from_u128(after.uuid().as_u128().saturating_add(1)));
    let end = filter.created_to.map_or(Uuid::max(), first_id_of);
    sqlx::query(include_str!("order_list_plan.sql")).execute(tx.connection()).await?;
    let rows = sqlx::query(include_str!("order_export_page.sql"))
        .bind(tenant.uuid())
        .bind(filter.status.map(OrderStatus::as_str))
        .bind(filter.payment_status.map(PaymentStatus::as_str))
        .bind(filter.fulfillment_status.map(FulfillmentStatus::as_str))
        .bind(filter.return_status.map(ReturnStatus::as_str))
        .bind(filter.customer_reference.as_deref())
        .bind(filter.customer_email.as_deref())
        .bind(filter.number)
        .bind(filter.external_reference.as_deref())
        .bind(first.max(next))
        .bind(end)
        .bind(limit)
        .fetch_all(tx.connection())
        .await?;
    rows.iter().map(|row| Ok(OrderId::new(row.try_get(0)?))).collect()
}
