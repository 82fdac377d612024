//! What only `order_create.sql` takes: the claim, the parts of an order that never change, its contact, lines and tenders.

use sqlx::types::Json;

use super::changes::{self, PgQuery, Write, column, ordinal};
use crate::domain::order::line::Line;

/// The claim and the immutable parts of a new order, beside its [`Write`].
#[derive(Debug, Clone, Copy)]
pub struct NewOrderRow<'a> {
    /// The function whose key it is.
    pub function: &'a str,
    /// The idempotency key.
    pub key: &'a str,
    /// Fingerprint of the request.
    pub fingerprint: &'a [u8; 32],
    /// The sealed answer, to be replayed.
    pub answer_sealed: &'a [u8],
    /// Its total when placed.
    pub total: i64,
}

/// Binds `$65` to `$101`.
pub(super) fn bind<'q>(query: PgQuery<'q>, write: &Write<'q>, row: &NewOrderRow<'q>) -> PgQuery<'q> {
    let order = write.order;
    let query = query
        .bind(row.function)
        .bind(row.key)
        .bind(row.fingerprint.as_slice())
        .bind(row.answer_sealed)
        .bind(ordinal(order.number))
        .bind(order.external_reference.as_deref())
        .bind(row.key)
        .bind(row.fingerprint.as_slice())
        .bind(order.currency.code().to_owned())
        .bind(order.contact.customer.reference.as_deref())
        .bind(order.shipping.minor_units())
        .bind(order.shipping_tax.minor_units())
        .bind(order.discount.minor_units())
        .bind(row.total)
        .bind(Json(&order.holds))
        .bind(Json(&order.metadata))
        .bind(order.contact.email_normalized())
        .bind(Json(&order.contact.customer))
        .bind(order.contact.shipping_address.as_ref().map(Json))
        .bind(order.contact.billing_address.as_ref().map(Json));
    changes::bind_new_payments(bind_lines(query, &order.lines), write)
}

fn bind_lines<'q>(query: PgQuery<'q>, lines: &'q [Line]) -> PgQuery<'q> {
    query
        .bind(column(lines, |line| line.id.uuid()))
        .bind(column(lines, |line| line.sku.as_str()))
        .bind(column(lines, |line| line.name.as_str()))
        .bind(column(lines, |line| line.unit_price.minor_units()))
        .bind(column(lines, |line| line.discount.minor_units()))
        .bind(column(lines, |line| line.tax.minor_units()))
        .bind(column(lines, |line| line.requires_shipping))
        .bind(column(lines, |line| serde_json::Value::from(line.metadata.clone()).to_string()))
        .bind(column(lines, |line| i64::from(line.quantities.ordered)))
        .bind(column(lines, |line| i64::from(line.quantities.cancelled)))
        .bind(column(lines, |line| i64::from(line.quantities.fulfilled)))
}
