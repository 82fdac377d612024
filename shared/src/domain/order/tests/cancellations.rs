//! Cancelling what is confirmed: goods are called back first, money follows them, and what has left is paid for.

use serde_json::json;

use super::{World, card, manual, request, tea};
use crate::domain::{
    fulfilment::FulfillmentStage,
    messages::MessageType,
    money::Amount,
    order::{
        status::{OrderStatus, PaymentStatus},
        stock::StockAnswer,
    },
    payments::{OperationKind, OperationState, operation::Attention},
    policy::TenantPolicy,
};

impl World {
    /// An order whose goods a shipping partner has.
    fn confirmed() -> Self {
        let mut world = World::paid_by_card();
        world.stock(StockAnswer::Reserved);
        world.captured();
        world.stock(StockAnswer::Committed);
        world
    }

    fn cancelled(mut self) -> Self {
        self.hear(|draft| draft.cancel(None)).unwrap();
        self
    }

    fn refuses_to_stop(&mut self) {
        let id = self.order.fulfillments[0].id;
        self.hear(|draft| draft.shipment_cancellation_rejected(id)).unwrap();
    }
}

#[test]
fn money_and_stock_wait_until_the_goods_have_stopped() {
    let mut world = World::confirmed().cancelled();
    assert_eq!((world.order.status, world.sent(MessageType::ShippingCancel)), (OrderStatus::Cancelling, 1));
    assert_eq!((world.sent(MessageType::OrderRefundRequested), world.sent(MessageType::InventoryRelease)), (0, 0));
    world.shipment(FulfillmentStage::Cancelled).unwrap();
    world.check();
    assert_eq!((world.sent(MessageType::OrderRefundRequested), world.sent(MessageType::InventoryRelease)), (1, 1));
    assert_eq!(world.sent(MessageType::OrderAttentionRequired), 0, "nobody is called for what was asked for");
    world.stock(StockAnswer::Released);
    world.succeeds(world.last(OperationKind::Refund).id);
    world.check();
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Cancelled, PaymentStatus::Refunded));
    assert_eq!(world.order.lines[0].quantities.cancelled, 2);
}

/// The two ways to learn that the goods have left, in either order and repeated.
#[test]
fn goods_that_left_before_the_cancellation_reached_them_are_paid_for() {
    let steps: [fn(&mut World); 3] = [
        |world| world.shipment(FulfillmentStage::Shipped).unwrap(),
        World::refuses_to_stop,
        |world| world.shipment(FulfillmentStage::Shipped).unwrap(),
    ];
    for order in super::permutations(&[0, 1, 2]) {
        let mut world = World::confirmed().cancelled();
        order.iter().for_each(|index| steps[*index](&mut world));
        world.check();
        assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Processing, PaymentStatus::Paid), "{order:?}");
        world.shipment(FulfillmentStage::Delivered).unwrap();
        world.check();
        assert_eq!((world.order.status, world.sent(MessageType::OrderRefundRequested)), (OrderStatus::Completed, 0));
    }
}

/// A line that needs no shipping is still here when the parcel has left: it leaves the order, with its share of the discount and its tax.
#[test]
fn what_did_not_leave_is_cancelled_and_given_back() {
    let lines = json!([
        { "sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": 1250, "tax": 500 },
        { "sku": "EBOOK", "name": "On tea", "quantity": 1, "unit_price": 999, "tax": 99, "requires_shipping": false },
    ]);
    let mut world = World::place(request(lines, card(4588)), &TenantPolicy::default());
    world.stock(StockAnswer::Reserved);
    world.captured();
    let mut world = world.cancelled();
    world.shipment(FulfillmentStage::Shipped).unwrap();
    world.check();
    assert_eq!((world.order.lines[0].quantities.cancelled, world.order.lines[1].quantities.cancelled), (0, 1));
    assert_eq!((world.sent(MessageType::OrderLinesCancelled), world.last(OperationKind::Refund).amount), (1, Amount::new(1098).unwrap()));
    assert_eq!(world.order.balances.due(), Amount::new(3490).unwrap());
    world.succeeds(world.last(OperationKind::Refund).id);
    world.shipment(FulfillmentStage::Delivered).unwrap();
    world.check();
    assert_eq!(world.order.status, OrderStatus::Completed);
}

#[test]
fn what_is_set_aside_is_let_go_and_a_capture_on_its_way_is_waited_for() {
    for captured in [true, false] {
        let mut world = World::place(request(tea(true), manual(3490)), &TenantPolicy { stock: false, ..TenantPolicy::default() });
        world.succeeds(world.operations()[0]);
        let payment = world.order.payments[0].id;
        world.hear(|draft| draft.capture(payment, super::money::some(1000))).unwrap();
        let capture = world.last(OperationKind::Capture).id;
        world.sends(capture);
        let mut world = world.cancelled();
        world.shipment(FulfillmentStage::Cancelled).unwrap();
        assert!(world.operation(capture).reverse_on_success);
        assert!(!world.order.payments[0].has_open(OperationKind::Void), "a void could not know how much it lets go");
        if captured {
            world.succeeds(capture);
        } else {
            world.fails(capture);
        }
        world.check();
        let void = world.last(OperationKind::Void);
        assert_eq!(void.amount, Amount::new(if captured { 2490 } else { 3490 }).unwrap());
        world.succeeds(void.id);
        if captured {
            world.succeeds(world.last(OperationKind::Refund).id);
        }
        world.check();
        assert_eq!(world.order.status, OrderStatus::Cancelled, "{captured}");
    }
}

#[test]
fn a_refund_that_fails_is_asked_for_again_later_and_then_a_person_is_called() {
    let mut world = World::confirmed().cancelled();
    world.shipment(FulfillmentStage::Cancelled).unwrap();
    world.stock(StockAnswer::Released);
    for attempt in 1..=3 {
        let refunds = world.order.payments[0].operations.iter().filter(|operation| operation.kind == OperationKind::Refund);
        assert_eq!(refunds.count(), attempt);
        let commands = world.sent(MessageType::PaymentOperationRequested);
        world.fails(world.last(OperationKind::Refund).id);
        assert_eq!(world.sent(MessageType::PaymentOperationRequested), commands, "the next attempt waits for its pause");
        world.check();
    }
    assert_eq!((world.order.status, world.sent(MessageType::OrderAttentionRequired)), (OrderStatus::Cancelling, 1));
    let refund = world.last(OperationKind::Refund);
    assert_eq!((refund.state, refund.attention), (OperationState::Failed, Some(Attention::RefundFailed)));

    // A person paid it out by another way.
    let found = super::money::resolution("succeeded");
    let id = refund.id;
    world.hear(|draft| draft.resolve(id, &found)).unwrap();
    world.check();
    assert_eq!((world.order.status, world.operation(id).attention), (OrderStatus::Cancelled, None));
}
