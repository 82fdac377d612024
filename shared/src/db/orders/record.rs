//! The JSON document that `order_load.sql` builds, and the order it is.

use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    db::Error,
    domain::{
        fulfilment::{Fulfillment, FulfillmentLine, FulfillmentStage, Tracking},
        ids::{FulfillmentId, LineId, OperationId, OrderId, PaymentId, TenantId},
        money::{Amount, Currency},
        order::{
            Order, Stock,
            contact::{Address, Contact, Customer},
            hold::Hold,
            line::{Line, Quantities},
            status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus, StockStatus},
        },
        payments::{
            Capture, Operation, OperationKind, OperationState, Payment,
            ledger::Balances,
            operation::{Attention, Failure, NextAction},
        },
        timestamp::Timestamp,
    },
};

#[derive(Debug, Deserialize)]
pub(super) struct OrderRecord {
    id: Uuid,
    tenant_id: Uuid,
    number: u64,
    external_reference: Option<String>,
    version: u64,
    event_sequence: u64,
    status: OrderStatus,
    payment_status: PaymentStatus,
    fulfillment_status: FulfillmentStatus,
    return_status: ReturnStatus,
    stock_status: StockStatus,
    stock_attempt: u32,
    currency: String,
    shipping: Amount,
    shipping_tax: Amount,
    discount: Amount,
    shipping_refunded: bool,
    balances: Balances,
    holds: Vec<Hold>,
    metadata: Map<String, Value>,
    created_at: Timestamp,
    updated_at: Timestamp,
    customer: Customer,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    lines: Vec<LineRecord>,
    payments: Vec<PaymentRecord>,
    operations: Vec<OperationRecord>,
    fulfillments: Vec<FulfillmentRecord>,
}

#[derive(Debug, Deserialize)]
struct LineRecord {
    id: Uuid,
    sku: String,
    name: String,
    unit_price: Amount,
    discount: Amount,
    tax: Amount,
    requires_shipping: bool,
    metadata: Map<String, Value>,
    ordered: u32,
    cancelled: u32,
    fulfilled: u32,
    shipped: u32,
    delivered: u32,
    returned: u32,
    refunded: u32,
}

#[derive(Debug, Deserialize)]
struct PaymentRecord {
    id: Uuid,
    position: u32,
    method: String,
    capture: Capture,
    amount: Amount,
}

#[derive(Debug, Clone, Deserialize)]
struct OperationRecord {
    id: Uuid,
    payment_id: Uuid,
    kind: OperationKind,
    state: OperationState,
    amount: Amount,
    settled_amount: Option<Amount>,
    provider_reference: Option<String>,
    failure_code: Option<String>,
    failure_message: Option<String>,
    next_action: Option<NextAction>,
    reverse_on_success: bool,
    conflicted: bool,
    requested_at: Timestamp,
    sent_at: Option<Timestamp>,
    settled_at: Option<Timestamp>,
    attention: Option<Attention>,
    granted: Amount,
    is_final: bool,
    undone_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct FulfillmentRecord {
    id: Uuid,
    status: FulfillmentStage,
    carrier: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
    cancel_requested: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    lines: Vec<FulfillmentLineRecord>,
}

#[derive(Debug, Deserialize)]
struct FulfillmentLineRecord {
    line_id: Uuid,
    quantity: u32,
}

impl OrderRecord {
    /// The order that is stored.
    ///
    /// # Errors
    /// [`Error::Unexpected`] when its currency is none that we know.
    pub(super) fn into_order(self) -> Result<Order, Error> {
        let currency = parse_currency(&self.currency)?;
        let payments = self.payments.into_iter().map(|payment| payment.with_operations(&self.operations)).collect();
        Ok(Order {
            id: OrderId::new(self.id),
            tenant: TenantId::new(self.tenant_id),
            number: self.number,
            external_reference: self.external_reference,
            version: self.version,
            event_sequence: self.event_sequence,
            status: self.status,
            payment_status: self.payment_status,
            fulfillment_status: self.fulfillment_status,
            return_status: self.return_status,
            stock: Stock { status: self.stock_status, attempt: self.stock_attempt },
            currency,
            contact: Contact { customer: self.customer, shipping_address: self.shipping_address, billing_address: self.billing_address },
            lines: self.lines.into_iter().map(Line::from).collect(),
            shipping: self.shipping,
            shipping_tax: self.shipping_tax,
            discount: self.discount,
            shipping_refunded: self.shipping_refunded,
            balances: self.balances,
            payments,
            fulfillments: self.fulfillments.into_iter().map(Fulfillment::from).collect(),
            holds: self.holds,
            metadata: self.metadata,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// A stored currency, which was checked when the order was placed.
pub(super) fn parse_currency(code: &str) -> Result<Currency, Error> {
    code.parse().map_err(Error::unreadable)
}

impl From<LineRecord> for Line {
    fn from(record: LineRecord) -> Self {
        Self {
            id: LineId::new(record.id),
            sku: record.sku,
            name: record.name,
            unit_price: record.unit_price,
            discount: record.discount,
            tax: record.tax,
            requires_shipping: record.requires_shipping,
            metadata: record.metadata,
            quantities: Quantities {
                ordered: record.ordered,
                cancelled: record.cancelled,
                fulfilled: record.fulfilled,
                shipped: record.shipped,
                delivered: record.delivered,
                returned: record.returned,
                refunded: record.refunded,
            },
        }
    }
}

impl PaymentRecord {
    fn with_operations(self, operations: &[OperationRecord]) -> Payment {
        Payment {
            id: PaymentId::new(self.id),
            position: self.position,
            method: self.method,
            capture: self.capture,
            amount: self.amount,
            operations: operations.iter().filter(|operation| operation.payment_id == self.id).cloned().map(Operation::from).collect(),
        }
    }
}

impl From<OperationRecord> for Operation {
    fn from(record: OperationRecord) -> Self {
        let message = record.failure_message.unwrap_or_default();
        Self {
            id: OperationId::new(record.id),
            payment: PaymentId::new(record.payment_id),
            kind: record.kind,
            state: record.state,
            amount: record.amount,
            settled_amount: record.settled_amount,
            provider_reference: record.provider_reference,
            failure: record.failure_code.map(|code| Failure { code, message }),
            next_action: record.next_action,
            reverse_on_success: record.reverse_on_success,
            conflicted: record.conflicted,
            requested_at: record.requested_at,
            sent_at: record.sent_at,
            settled_at: record.settled_at,
            attention: record.attention,
            granted: record.granted,
            is_final: record.is_final,
            undone_at: record.undone_at,
        }
    }
}

impl From<FulfillmentRecord> for Fulfillment {
    fn from(record: FulfillmentRecord) -> Self {
        let tracking =
            record.carrier.zip(record.tracking_number).map(|(carrier, number)| Tracking { carrier, number, url: record.tracking_url });
        let part = |part: FulfillmentLineRecord| FulfillmentLine { line: LineId::new(part.line_id), quantity: part.quantity };
        Self {
            id: FulfillmentId::new(record.id),
            stage: record.status,
            tracking,
            cancel_requested: record.cancel_requested,
            lines: record.lines.into_iter().map(part).collect(),
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}
