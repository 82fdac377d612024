//! `GET /v1/orders`: a tenant's orders, newest first, in pages. Filters combine; a cursor belongs to its filters.

use serde::Deserialize;
use shared::{
    catalog,
    domain::{
        ids::OrderId,
        order::{
            contact::normalize_email,
            status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus},
        },
        timestamp::Timestamp,
    },
    http::{Call, HttpFunction, Problem, Reply, views::OrderSummaryView},
    queries::{OrderFilter, list_orders},
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::LIST_ORDERS, |call| Box::pin(handle(call))).query::<Filters>().lists::<OrderSummaryView<'_>>()
}

/// The filters; every one may be absent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Filters {
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

impl Filters {
    fn after(self, before: Option<OrderId>) -> OrderFilter {
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

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (filters, page): (Filters, _) = call.page()?;
    let before = page.after.as_deref().map(str::parse).transpose().map_err(Problem::internal)?;
    // One more than the page: whether there is a next one.
    let mut orders = list_orders::execute(call.database(), call.tenant()?, &filters.after(before), i64::from(page.limit) + 1).await?;
    let more = orders.len() > page.limit as usize;
    orders.truncate(page.limit as usize);
    let next = orders.last().filter(|_| more).map(|last| OrderId::new(last.id).to_string());
    let views: Vec<_> = orders.iter().map(OrderSummaryView::new).collect();
    page.reply(&views, next.as_deref())
}
