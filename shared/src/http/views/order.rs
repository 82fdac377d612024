//! An order as callers see it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, Type},
    },
};

use super::payment::PaymentView;
use crate::{
    commands::{Answer, CommandError},
    domain::{
        fulfilment::{Fulfillment, FulfillmentStage, Tracking},
        ids::{FulfillmentId, LineId, OrderId},
        money::{Amount, Overflow},
        order::{
            Order, Totals,
            actions::AllowedAction,
            contact::{Address, Customer},
            hold::Hold,
            line::Line,
            status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus},
        },
        schema::{CurrencyCode, Metadata, OrderNumber, Reference, Sku, Text},
        timestamp::Timestamp,
    },
    queries::OrderSummary,
};

/// Which parts a caller wants beside the order itself: `payments,fulfillments,returns`, any of them, separated by commas. An order is read
/// whole by one statement, so a part costs no further round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Expand {
    /// Its tenders with their operations.
    pub payments: bool,
    /// Its fulfilments.
    pub fulfillments: bool,
    /// What came back.
    pub returns: bool,
}

impl Expand {
    const PAYMENTS: &str = "payments";
    const FULFILLMENTS: &str = "fulfillments";
    const RETURNS: &str = "returns";

    /// The names of its views, by the parts that they show.
    const VIEWS: [&str; 8] = [
        "plain",
        "payments",
        "fulfillments",
        "payments,fulfillments",
        "returns",
        "payments,returns",
        "fulfillments,returns",
        "payments,fulfillments,returns",
    ];

    /// The name of the view that shows these parts.
    pub const fn view(self) -> &'static str {
        Self::VIEWS[self.payments as usize + 2 * self.fulfillments as usize + 4 * self.returns as usize]
    }
}

impl TryFrom<String> for Expand {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut expand = Self::default();
        for part in text.split(',') {
            match part {
                Self::PAYMENTS => expand.payments = true,
                Self::FULFILLMENTS => expand.fulfillments = true,
                Self::RETURNS => expand.returns = true,
                _ => return Err("expected any of payments, fulfillments and returns, separated by commas"),
            }
        }
        Ok(expand)
    }
}

impl PartialSchema for Expand {
    fn schema() -> RefOr<Schema> {
        let part = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([Self::PAYMENTS, Self::FULFILLMENTS, Self::RETURNS]));
        ArrayBuilder::new().items(part).min_items(Some(1)).into()
    }
}

impl ToSchema for Expand {}

/// An order, whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView<'a> {
    id: OrderId,
    #[schema(value_type = OrderNumber)]
    number: String,
    #[schema(required, value_type = Option<Reference>)]
    external_reference: Option<&'a str>,
    /// +1 with every change; also the `ETag`.
    version: u64,
    status: OrderStatus,
    payment_status: PaymentStatus,
    fulfillment_status: FulfillmentStatus,
    return_status: ReturnStatus,
    #[schema(value_type = CurrencyCode)]
    currency: &'a str,
    totals: Totals,
    customer: &'a Customer,
    #[schema(required)]
    shipping_address: Option<&'a Address>,
    #[schema(required)]
    billing_address: Option<&'a Address>,
    lines: Vec<LineView<'a>>,
    /// Its tenders, with `expand=payments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    payments: Option<Vec<PaymentView<'a>>>,
    /// Its fulfilments, with `expand=fulfillments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fulfillments: Option<Vec<FulfillmentView<'a>>>,
    /// What came back, with `expand=returns`. Empty until returns are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Vec<Object>>)]
    returns: Option<[(); 0]>,
    /// What keeps it from going on.
    holds: &'a [Hold],
    #[schema(value_type = Metadata)]
    metadata: &'a Map<String, Value>,
    allowed_actions: Vec<AllowedAction>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A line of an order and where its units are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
struct LineView<'a> {
    id: LineId,
    #[schema(value_type = Sku)]
    sku: &'a str,
    #[schema(value_type = Text)]
    name: &'a str,
    /// Units ordered.
    quantity: u32,
    /// Of one unit.
    unit_price: Amount,
    /// Off the whole line.
    discount: Amount,
    /// On the whole line.
    tax: Amount,
    /// Its units go to a shipping partner.
    requires_shipping: bool,
    #[schema(value_type = Metadata)]
    metadata: &'a Map<String, Value>,
    /// Units taken out of the order.
    cancelled: u32,
    /// Units in a live fulfilment.
    fulfilled: u32,
    /// Units on their way.
    shipped: u32,
    /// Units that arrived.
    delivered: u32,
    /// Units that came back.
    returned: u32,
    /// Units that the customer was paid back for and keeps.
    refunded: u32,
}

/// One request to a shipping partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fulfillment)]
struct FulfillmentView<'a> {
    id: FulfillmentId,
    status: FulfillmentStage,
    #[schema(required)]
    tracking: Option<&'a Tracking>,
    lines: Vec<FulfillmentLineView>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Units of one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FulfillmentLine)]
struct FulfillmentLineView {
    line_id: LineId,
    quantity: u32,
}

impl<'a> OrderView<'a> {
    /// Shows an order.
    ///
    /// # Errors
    /// [`Overflow`]; cannot happen for an order that was placed.
    pub fn new(order: &'a Order, expand: Expand) -> Result<Self, Overflow> {
        Ok(Self {
            id: order.id,
            number: order.number.to_string(),
            external_reference: order.external_reference.as_deref(),
            version: order.version,
            status: order.status,
            payment_status: order.payment_status,
            fulfillment_status: order.fulfillment_status,
            return_status: order.return_status,
            currency: order.currency.code(),
            totals: order.totals()?,
            customer: &order.contact.customer,
            shipping_address: order.contact.shipping_address.as_ref(),
            billing_address: order.contact.billing_address.as_ref(),
            lines: order.lines.iter().map(LineView::new).collect(),
            payments: expand.payments.then(|| order.payments.iter().map(PaymentView::new).collect()),
            fulfillments: expand.fulfillments.then(|| order.fulfillments.iter().map(FulfillmentView::new).collect()),
            returns: expand.returns.then_some([]),
            holds: &order.holds,
            metadata: &order.metadata,
            allowed_actions: order.allowed_actions()?,
            created_at: order.created_at,
            updated_at: order.updated_at,
        })
    }
}

impl<'a> LineView<'a> {
    fn new(line: &'a Line) -> Self {
        Self {
            id: line.id,
            sku: &line.sku,
            name: &line.name,
            quantity: line.quantities.ordered,
            unit_price: line.unit_price,
            discount: line.discount,
            tax: line.tax,
            requires_shipping: line.requires_shipping,
            metadata: &line.metadata,
            cancelled: line.quantities.cancelled,
            fulfilled: line.quantities.fulfilled,
            shipped: line.quantities.shipped,
            delivered: line.quantities.delivered,
            returned: line.quantities.returned,
            refunded: line.quantities.refunded,
        }
    }
}

impl<'a> FulfillmentView<'a> {
    fn new(fulfillment: &'a Fulfillment) -> Self {
        Self {
            id: fulfillment.id,
            status: fulfillment.stage,
            tracking: fulfillment.tracking.as_ref(),
            lines: (fulfillment.lines.iter()).map(|part| FulfillmentLineView { line_id: part.line, quantity: part.quantity }).collect(),
            created_at: fulfillment.created_at,
            updated_at: fulfillment.updated_at,
        }
    }
}

/// An order as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderSummary)]
pub struct OrderSummaryView<'a> {
    id: OrderId,
    #[schema(value_type = OrderNumber)]
    number: String,
    #[schema(required, value_type = Option<Reference>)]
    external_reference: Option<&'a str>,
    version: u64,
    status: OrderStatus,
    payment_status: PaymentStatus,
    fulfillment_status: FulfillmentStatus,
    return_status: ReturnStatus,
    #[schema(value_type = CurrencyCode)]
    currency: &'a str,
    #[schema(required, value_type = Option<Reference>)]
    customer_reference: Option<&'a str>,
    totals: SummaryTotals,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The sums of an order that a list shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderSummaryTotals)]
struct SummaryTotals {
    total: Amount,
    authorized: Amount,
    captured: Amount,
    refunded: Amount,
    balance_due: Amount,
}

impl<'a> OrderSummaryView<'a> {
    /// Shows an order of a list.
    pub fn new(order: &'a OrderSummary) -> Self {
        Self {
            id: OrderId::new(order.id),
            number: order.number.to_string(),
            external_reference: order.external_reference.as_deref(),
            version: order.version,
            status: order.status,
            payment_status: order.payment_status,
            fulfillment_status: order.fulfillment_status,
            return_status: order.return_status,
            currency: &order.currency,
            customer_reference: order.customer_reference.as_deref(),
            totals: SummaryTotals {
                total: order.total,
                authorized: order.balances.authorized(),
                captured: order.balances.captured(),
                refunded: order.balances.refunded(),
                balance_due: order.balances.balance_due(),
            },
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

/// The answer to placing an order: `201` with the order and where it is.
///
/// # Errors
/// [`CommandError::Internal`] when the order cannot be JSON.
pub fn placed(order: &Order) -> Result<Answer, CommandError> {
    Ok(Answer { status: 201, location: Some(format!("/v1/orders/{}", order.id)), ..changed(order)? })
}

/// The answer to a change of an order: `200` with the order as it now is.
///
/// # Errors
/// [`CommandError::Internal`] when the order cannot be JSON.
pub fn changed(order: &Order) -> Result<Answer, CommandError> {
    let view = OrderView::new(order, Expand::default()).map_err(|error| CommandError::Internal(error.into()))?;
    answer(200, order, &view)
}

/// What is stored with a change and replayed byte for byte. The tag is the order's: it covers everything that belongs to it.
pub(super) fn answer(status: u16, order: &Order, view: &impl Serialize) -> Result<Answer, CommandError> {
    let body = serde_json::to_string(view).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Answer { status, location: None, etag: Some(format!("\"v{}\"", order.version)), body })
}
