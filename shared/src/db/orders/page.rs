//! Pages of orders: the filters, the one of them whose index is walked (docs/adr/0014), the bounds and the columns of `order_list_page.sql`.

use serde::Deserialize;
use sqlx::{Row, types::Json};
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
pub(super) fn first_id_of(moment: Timestamp) -> Uuid {
    // Milliseconds in the upper 48 bits (RFC 9562, 5.7); a moment that is no whole millisecond counts from its beginning.
    let milliseconds = u128::try_from(moment.as_microsecond().div_euclid(1_000)).unwrap_or(0);
    Uuid::from_u128(milliseconds << 80)
}

/// The text filters of `orders`, `$2` to `$6` of the statements.
const FILTERS: [&str; 5] = ["status", "payment_status", "fulfillment_status", "return_status", "customer_reference"];
/// Places in it.
const RETURN_STATUS: usize = 3;
const CUSTOMER_REFERENCE: usize = 4;

/// Their values; NULL does not filter.
type Values<'a> = [Option<&'a str>; 5];

fn values(filter: &OrderFilter) -> Values<'_> {
    [
        filter.status.map(OrderStatus::as_str),
        filter.payment_status.map(PaymentStatus::as_str),
        filter.fulfillment_status.map(FulfillmentStatus::as_str),
        filter.return_status.map(ReturnStatus::as_str),
        filter.customer_reference.as_deref(),
    ]
}

/// Takes out the filter whose index is walked: its name and its value, both empty for the primary key.
///
/// A customer is rarer than any status, and an order that comes back is rarer than one in any other. Which of several other statuses is rare,
/// nobody knows but PostgreSQL: then it chooses, by its statistics. Orders of which nothing comes back are nearly all
/// there are, and have no index.
fn take_walked<'a>(values: &mut Values<'a>) -> (&'static str, &'a str) {
    let nothing_returned = ReturnStatus::None.as_str();
    let [statuses @ .., returned, customer] = *values;
    let mut given = statuses.iter().enumerate().filter(|(_, value)| value.is_some()).map(|(place, _)| place);
    let place = match (customer, returned, given.next(), given.next()) {
        (Some(_), ..) => CUSTOMER_REFERENCE,
        (None, Some(status), ..) if status != nothing_returned => RETURN_STATUS,
        (None, _, Some(only), None) => only,
        _ => return ("", ""),
    };
    (FILTERS[place], values[place].take().unwrap_or_default())
}

pub(super) async fn fetch(tx: &mut TenantTx, tenant: TenantId, filter: &OrderFilter, limit: i64) -> Result<Vec<OrderSummary>, Error> {
    let first = filter.created_from.map_or(Uuid::nil(), first_id_of);
    let end = filter.created_to.map_or(Uuid::max(), first_id_of);
    let end = filter.before.map_or(end, |before| before.uuid().min(end));
    let mut values = values(filter);
    let (statement, walked, value) = match &filter.customer_email {
        Some(email) => (include_str!("order_list_page_by_email.sql"), None, email.as_str()),
        None => {
            let (walked, value) = take_walked(&mut values);
            (include_str!("order_list_page.sql"), Some(walked), value)
        }
    };
    sqlx::query(include_str!("order_list_plan.sql")).execute(tx.connection()).await?;
    let query = values.into_iter().fold(sqlx::query(statement).bind(tenant.uuid()), sqlx::query::Query::bind);
    let query = query.bind(filter.number).bind(filter.external_reference.as_deref()).bind(first).bind(end).bind(limit).bind(value);
    let query = match walked {
        Some(walked) => query.bind(walked),
        None => query,
    };
    let rows = query.fetch_all(tx.connection()).await?;
    rows.iter().map(|row| Ok(row.try_get::<Json<OrderSummary>, _>(0)?.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::{OrderFilter, take_walked, values};
    use crate::domain::order::status::{OrderStatus, PaymentStatus, ReturnStatus};

    #[track_caller]
    fn expect_walked(filter: &OrderFilter, expected: (&str, &str), compared: usize) {
        let mut values = values(filter);
        assert_eq!((take_walked(&mut values), values.iter().flatten().count()), (expected, compared));
    }

    #[test]
    fn the_filter_that_is_walked_is_the_only_one_or_the_rarest() {
        let mut filter = OrderFilter::default();
        expect_walked(&filter, ("", ""), 0);
        filter.return_status = Some(ReturnStatus::None);
        expect_walked(&filter, ("", ""), 1);
        filter.payment_status = Some(PaymentStatus::Paid);
        expect_walked(&filter, ("payment_status", "paid"), 1);
        filter.status = Some(OrderStatus::Completed);
        expect_walked(&filter, ("", ""), 3);
        filter.return_status = Some(ReturnStatus::Requested);
        expect_walked(&filter, ("return_status", "requested"), 2);
        filter.customer_reference = Some("cus_1".to_owned());
        expect_walked(&filter, ("customer_reference", "cus_1"), 3);
    }
}
