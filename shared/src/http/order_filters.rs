//! The query parameters that choose among a tenant's orders, the same wherever orders are chosen.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        ids::OrderId,
        order::{
            contact::normalize_email,
            status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus},
        },
        timestamp::Timestamp,
    },
    queries::OrderFilter,
};

/// The filters; every one may be absent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderFilters {
    status: Option<OrderStatus>,
    payment_status: Option<PaymentStatus>,
    fulfillment_status: Option<FulfillmentStatus>,
    return_status: Option<ReturnStatus>,
    /// The caller's own id of the customer.
    customer_reference: Option<String>,
    /// Compared without regard to case.
    customer_email: Option<String>,
    /// The number for people.
    number: Option<i64>,
    /// The caller's own reference of the order.
    external_reference: Option<String>,
    /// Placed at this moment or later.
    created_from: Option<Timestamp>,
    /// Placed before this moment.
    created_to: Option<Timestamp>,
}

impl OrderFilters {
    /// What they choose, among the orders older than `before`.
    pub fn into_filter(self, before: Option<OrderId>) -> OrderFilter {
        OrderFilter {
            status: self.status,
            payment_status: self.payment_status,
            fulfillment_status: self.fulfillment_status,
            return_status: self.return_status,
            customer_reference: self.customer_reference,
            customer_email: self.customer_email.as_deref().map(normalize_email),
            number: self.number,
            external_reference: self.external_reference,
            created_from: self.created_from,
            created_to: self.created_to,
            before,
        }
    }
}
