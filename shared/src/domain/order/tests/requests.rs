//! What callers ask of an order that exists: cancelling it, adding tenders.

use serde_json::json;

use super::{
    super::{
        actions::{Obstacle, PAYMENTS_MAX},
        draft::Refusal,
        hold::{Blocked, Hold},
        reason::Reason,
        status::{FulfillmentStatus, OrderStatus, PaymentStatus},
        stock::StockAnswer,
    },
    World, card, request, tea, tender,
};
use crate::domain::{
    fulfilment::FulfillmentStage,
    messages::MessageType,
    money::Amount,
    payments::{
        OperationState,
        operation::{Failure, Outcome},
    },
    policy::TenantPolicy,
};

#[test]
fn an_order_that_nobody_waits_for_is_cancelled_at_once() {
    let mut world = World::place(request(tea(true), json!([])), &TenantPolicy { stock: false, ..TenantPolicy::default() });
    world.hear(|draft| draft.cancel(Some(Reason::try_from("customer_request".to_owned()).unwrap()))).unwrap();
    world.check();
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Cancelled, PaymentStatus::NotRequired));
    assert_eq!(world.order.fulfillment_status, FulfillmentStatus::NotRequired);
    let entry = &world.written.history[1];
    assert_eq!((entry.action, entry.reason.as_deref()), ("cancellation_requested", Some("customer_request")));
}

/// Whatever comes first: the release, or the news that there is nothing to release.
#[test]
fn a_cancellation_waits_for_its_stock_whichever_answer_says_that_it_is_free() {
    for (reserved_before, answer) in [
        (false, StockAnswer::Released),
        (true, StockAnswer::Released),
        (false, StockAnswer::Rejected),
        (true, StockAnswer::ReservationExpired),
    ] {
        let mut world = World::place(request(tea(true), json!([])), &TenantPolicy::default());
        if reserved_before {
            world.stock(StockAnswer::Reserved);
        }
        world.hear(|draft| draft.cancel(None)).unwrap();
        assert_eq!((world.order.status, world.sent(MessageType::InventoryRelease)), (OrderStatus::Cancelling, 1));
        let released = world.written.messages.last().unwrap();
        assert_eq!(json!(released.data())["lines"][0]["quantity"], 2, "the whole reservation is let go");
        let version = world.order.version;
        world.hear(|draft| draft.cancel(None)).unwrap();
        world.stock(StockAnswer::Reserved);
        assert_eq!((world.order.version, world.sent(MessageType::InventoryRelease)), (version, 1), "a repeat changes nothing");
        world.stock(answer);
        world.stock(answer);
        world.check();
        assert_eq!((world.order.status, world.sent(MessageType::OrderCancelled)), (OrderStatus::Cancelled, 1), "{answer}");
    }
}

#[test]
fn a_cancelled_tender_goes_back_whenever_its_money_arrives() {
    for captured_before in [true, false] {
        let mut world = World::paid_by_card();
        world.sends(world.operations()[0]);
        if captured_before {
            world.captured();
        }
        world.hear(|draft| draft.cancel(None)).unwrap();
        world.stock(StockAnswer::Released);
        assert_eq!(world.order.status, OrderStatus::Cancelling, "the money is not back yet");
        if !captured_before {
            world.captured();
        }
        let refund = *world.operations().last().unwrap();
        let amount = world.order.payments[0].amount;
        world.hear(|draft| draft.apply_outcome(refund, Outcome::Succeeded { amount, provider_reference: Some("back".into()) })).unwrap();
        world.check();
        assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Cancelled, PaymentStatus::Refunded));
        assert!(world.order.balances.balance_due().is_zero());
    }
}

#[test]
fn a_tender_that_fails_after_the_cancellation_ends_it() {
    let mut world = World::paid_by_card();
    world.sends(world.operations()[0]);
    world.hear(|draft| draft.cancel(None)).unwrap();
    world.stock(StockAnswer::Released);
    assert_eq!(world.order.status, OrderStatus::Cancelling);
    world.fails(world.operations()[0]);
    world.check();
    assert_eq!(world.order.status, OrderStatus::Cancelled);
}

#[test]
fn a_tender_that_was_never_sent_is_withdrawn_with_the_cancellation() {
    let mut world = World::paid_by_card();
    world.hear(|draft| draft.cancel(None)).unwrap();
    world.stock(StockAnswer::Released);
    world.check();
    let operation = world.operation(world.operations()[0]);
    assert_eq!((operation.state, operation.failure.as_ref().map(|failure| &*failure.code)), (OperationState::Failed, Some("withdrawn")));
    assert_eq!(world.order.status, OrderStatus::Cancelled);
}

#[test]
fn what_has_left_or_is_held_cannot_be_cancelled() {
    let refusal = |world: &mut World| match world.hear(|draft| draft.cancel(None)) {
        Err(Refusal::NotAllowed(refused)) => refused,
        other => panic!("{other:?}"),
    };
    let mut shipped = World::paid_by_card();
    shipped.stock(StockAnswer::Reserved);
    shipped.captured();
    shipped.shipment(FulfillmentStage::Shipped).unwrap();
    let refused = refusal(&mut shipped);
    assert_eq!((refused.on_hold, &*refused.reasons, refused.cancellable_lines.len()), (false, &[Obstacle::Shipped][..], 0));

    let mut held = World::paid_by_card();
    held.order.holds = vec![Hold { kind: "fraud_review".into(), reason: None, blocks: vec![Blocked::Cancel] }];
    assert!(refusal(&mut held).on_hold);
    held.order.holds[0].blocks = vec![Blocked::Fulfil];
    held.hear(|draft| draft.cancel(None)).unwrap();
}

#[test]
fn tenders_can_be_added_up_to_what_is_open() {
    let mut world = World::place(request(tea(true), card(1000)), &TenantPolicy { stock: false, ..TenantPolicy::default() });
    assert_eq!(world.order.open_due(), Ok(Amount::new(2490).unwrap()));
    let Err(Refusal::Invalid(errors)) = world.hear(|draft| draft.add_payment(tender(2491))) else { panic!() };
    assert_eq!((errors[0].pointer.as_str(), errors[0].code), ("/amount", "exceeds_due"));
    world.hear(|draft| draft.add_payment(tender(2490))).unwrap();
    assert_eq!(world.order.payments[1].position, 1);
    assert_eq!(world.sent(MessageType::PaymentOperationRequested), 2);
    let Err(Refusal::NotAllowed(refused)) = world.hear(|draft| draft.add_payment(tender(1))) else { panic!() };
    assert_eq!(refused.reasons, [Obstacle::NothingDue]);

    let declined = Outcome::Failed(Failure { code: "card_declined".into(), message: String::new() });
    let id = world.operations()[0];
    world.hear(|draft| draft.apply_outcome(id, declined)).unwrap();
    world.hear(|draft| draft.add_payment(tender(1000))).unwrap();
    for (position, id) in world.operations().into_iter().enumerate().skip(1) {
        let amount = world.order.payments[position].amount;
        world.hear(|draft| draft.apply_outcome(id, Outcome::Succeeded { amount, provider_reference: Some(id.to_string()) })).unwrap();
    }
    world.check();
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Confirmed, PaymentStatus::Paid));
}

#[test]
fn an_order_has_only_so_many_tenders() {
    let mut world = World::place(request(tea(true), json!([])), &TenantPolicy { stock: false, ..TenantPolicy::default() });
    for _ in 0..PAYMENTS_MAX {
        world.hear(|draft| draft.add_payment(tender(1))).unwrap();
    }
    let Err(Refusal::NotAllowed(refused)) = world.hear(|draft| draft.add_payment(tender(1))) else { panic!() };
    assert_eq!(refused.reasons, [Obstacle::TooManyPayments]);
}

#[test]
fn a_reason_is_a_code_and_not_prose() {
    assert!(Reason::try_from("a".repeat(64)).is_ok());
    for bad in ["", "Kim changed her mind", "UPPER", "a-b", "ä", &"a".repeat(65)] {
        assert!(Reason::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}
