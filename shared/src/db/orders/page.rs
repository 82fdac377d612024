//! Pages of orders: the filters and bounds that `order_list_page.sql` and `order_export_page.sql` share, and the columns of the former.

use serde::Deserialize;
use sqlx::{Postgres, Row, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

use crate::{
    db::{Error, TenantTx},
    domain::{
        ids::{OrderId, TenantId},
        money::Amount,
        order::status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus},
        payments::ledger::Balances,
        timestamp::Timestamp,
    },
};

/// Which orders to list. An absent member does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// In this status.
    pub status: Option<OrderStatus>,
    /// With this payment status.
    pub payment_status: Option<PaymentStatus>,
    /// With this fulfilment status.
    pub fulfillment_status: Option<FulfillmentStatus>,
    /// With this return status.
    pub return_status: Option<ReturnStatus>,
    /// Of this customer.
    pub customer_reference: Option<String>,
    /// Of the customer with this e-mail address, normalised.
    pub customer_email: Option<String>,
    /// With this number.
    pub number: Option<i64>,
    /// With this reference of the caller's.
    pub external_reference: Option<String>,
    /// Placed at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Placed before this moment.
    pub created_to: Option<Timestamp>,
    /// Older than this order: where the page before ended.
    pub before: Option<OrderId>,
}

/// An order as a list shows it: no lines, no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OrderSummary {
    /// Its id, bare.
    pub id: Uuid,
    /// For people.
    pub number: u64,
    /// The caller's own reference.
    pub external_reference: Option<String>,
    /// Changes so far.
    pub version: u64,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// What the ledger says.
    pub payment_status: PaymentStatus,
    /// How far its units have come.
    pub fulfillment_status: FulfillmentStatus,
    /// What came back.
    pub return_status: ReturnStatus,
    /// Of every amount.
    pub currency: String,
    /// The caller's own id of the customer.
    pub customer_reference: Option<String>,
    /// Its total when placed.
    pub total: Amount,
    /// Balances of its ledger.
    pub balances: Balances,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The smallest UUIDv7 of a moment: ids are stamped with the `created_at` beside them, so a range of time is a range of ids.
fn first_id_of(moment: Timestamp) -> Uuid {
    // Milliseconds in the upper 48 bits (RFC 9562, 5.7); a moment that is no whole millisecond counts from its beginning.
    let milliseconds = u128::try_from(moment.as_microsecond().div_euclid(1_000)).unwrap_or(0);
    Uuid::from_u128(milliseconds << 80)
}

/// The smallest id that an order of a moment can have.
pub fn first_order_of(moment: Timestamp) -> OrderId {
    OrderId::new(first_id_of(moment))
}

/// Binds `$1` to `$12`: the tenant, the filters, the range of ids and the rows at most.
fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    tenant: TenantId,
    filter: &'q OrderFilter,
    (first, end): (Uuid, Uuid),
    limit: i64,
) -> Query<'q, Postgres, PgArguments> {
    query
        .bind(tenant.uuid())
        .bind(filter.status.map(OrderStatus::as_str))
        .bind(filter.payment_status.map(PaymentStatus::as_str))
        .bind(filter.fulfillment_status.map(FulfillmentStatus::as_str))
        .bind(filter.return_status.map(ReturnStatus::as_str))
        .bind(filter.customer_reference.as_deref())
        .bind(filter.customer_email.as_deref())
        .bind(filter.number)
        .bind(filter.external_reference.as_deref())
        .bind(first)
        .bind(end)
        .bind(limit)
}

pub(super) async fn fetch(tx: &mut TenantTx, tenant: TenantId, filter: &OrderFilter, limit: i64) -> Result<Vec<OrderSummary>, Error> {
    let first = filter.created_from.map_or(Uuid::nil(), first_id_of);
    let end = filter.created_to.map_or(Uuid::max(), first_id_of);
    let end = filter.before.map_or(end, |before| before.uuid().min(end));
    sqlx::query(include_str!("order_list_plan.sql")).execute(tx.connection()).await?;
    let page = bind(sqlx::query(include_str!("order_list_page.sql")), tenant, filter, (first, end), limit);
    let rows = page.fetch_all(tx.connection()).await?;
    rows.iter().map(|row| Ok(row.try_get::<Json<OrderSummary>, _>(0)?.0)).collect()
}

pub(super) async fn fetch_ids(
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
    let page = bind(sqlx::query(include_str!("order_export_page.sql")), tenant, filter, (first.max(next), end), limit);
    let rows = page.fetch_all(tx.connection()).await?;
    rows.iter().map(|row| Ok(OrderId::new(row.try_get(0)?))).collect()
}
