//! Placing an order: from a request that may become one to the order, its first version and everything that it sets going.

use super::{
    Order, Stock,
    draft::{Draft, Refusal, Timer, TimerKind},
    line::Line,
    request::NewOrder,
    status::{FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus, StockStatus},
};
use crate::domain::{
    ids::{NewIds, OperationId, OrderId, TenantId},
    messages::{Content, Lines},
    money::Amount,
    payments::ledger::{Balances, Fact},
    policy::TenantPolicy,
    timestamp::Timestamp,
};

/// Where and when an order is placed.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    /// Whose it is.
    pub tenant: TenantId,
    /// The number allotted to it.
    pub number: u64,
    /// What the tenant has agreed to.
    pub policy: &'a TenantPolicy,
    /// The moment.
    pub now: Timestamp,
}

/// Places an order. Several rows of the transition table may be taken at once: an order without anything to pay, stock or ship is
/// completed as soon as it exists.
///
/// # Errors
/// [`Refusal::Overflow`] only; a [`NewOrder`] has passed every other check.
pub fn place<'a>(new: NewOrder, placement: &Placement<'_>, ids: &'a mut dyn NewIds) -> Result<Draft<'a>, Refusal> {
    let total = new.total;
    let tenders = new.tenders.clone();
    let order = Order { id: OrderId::new(ids.next_uuid()), ..unplaced(new, placement) };
    let mut draft = Draft::new(order, placement.now, ids);
    draft.post(Fact::Placed, total, Amount::ZERO, None)?;
    let operations: Vec<OperationId> = tenders.into_iter().map(|tender| draft.add_tender(tender)).collect();
    draft.version("created", None, None);
    let lines = draft.order.lines.iter().map(Line::units).collect();
    draft.publish(Content::OrderCreated(Lines { lines }))?;
    if draft.order.stock.status == StockStatus::Requested {
        draft.request_stock();
    }
    for operation in operations {
        draft.request_operation(operation);
    }
    let deadline = placement.now.plus_seconds(i64::from(placement.policy.payment_deadline_seconds));
    let subject = draft.order.id.uuid();
    draft.set_timer(Timer { kind: TimerKind::PaymentDeadline, subject }, deadline, 0);
    draft.advance()?;
    Ok(draft)
}

/// Where an order begins, by whether its tenant's orders reserve stock.
pub const fn beginning(reserves_stock: bool) -> (OrderStatus, StockStatus) {
    if reserves_stock { (OrderStatus::Pending, StockStatus::Requested) } else { (OrderStatus::AwaitingPayment, StockStatus::Off) }
}

fn unplaced(new: NewOrder, placement: &Placement<'_>) -> Order {
    let (status, stock) = beginning(placement.policy.stock);
    Order {
        id: OrderId::new(uuid::Uuid::nil()),
        tenant: placement.tenant,
        number: placement.number,
        external_reference: new.external_reference,
        version: 0,
        event_sequence: 0,
        status,
        payment_status: PaymentStatus::Unpaid,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        return_status: ReturnStatus::None,
        stock: Stock { status: stock, attempt: 1 },
        currency: new.currency,
        contact: new.contact,
        lines: new.lines,
        shipping: new.shipping,
        shipping_tax: new.shipping_tax,
        discount: new.discount,
        shipping_refunded: false,
        balances: Balances::default(),
        payments: Vec::new(),
        fulfillments: Vec::new(),
        holds: Vec::new(),
        metadata: new.metadata,
        created_at: placement.now,
        updated_at: placement.now,
    }
}
