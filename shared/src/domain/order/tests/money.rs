//! Captures, voids, refunds, what comes undone, and what a person settles.

use serde_json::{Value, json};

use super::{World, manual, permutations, request, tea, tender, tender_of};
use crate::domain::{
    fulfilment::FulfillmentStage,
    messages::MessageType,
    money::Amount,
    order::{
        actions::Obstacle,
        capture::Capturing,
        draft::{Exceeded, Limit, Refusal},
        refund::Refunding,
        resolve::Resolution,
        status::{OrderStatus, PaymentStatus},
        stock::StockAnswer,
    },
    payments::{
        OperationKind, OperationState,
        operation::{Attention, Outcome},
        report::{OperationReport, ReportedStatus},
    },
    policy::TenantPolicy,
    timestamp::Timestamp,
};

pub(super) fn some(amount: i64) -> Capturing {
    Capturing::parse(&serde_json::from_value(json!({ "amount": amount })).unwrap()).unwrap()
}

fn finally(amount: i64) -> Capturing {
    Capturing::parse(&serde_json::from_value(json!({ "amount": amount, "final": true })).unwrap()).unwrap()
}

pub(super) fn resolution(outcome: &str) -> Resolution {
    Resolution::parse(&serde_json::from_value(json!({ "outcome": outcome, "reason": "seen_in_statement" })).unwrap()).unwrap()
}

fn refunding(mut body: Value) -> Refunding {
    body["reason"] = json!("damaged");
    Refunding::parse(&serde_json::from_value(body).unwrap()).unwrap()
}

fn minor(amount: i64) -> Amount {
    Amount::new(amount).unwrap()
}

impl World {
    /// An order whose money is set aside and not taken: confirmed, and with its shipping partner.
    fn set_aside() -> Self {
        let mut world = World::place(request(tea(true), manual(3490)), &TenantPolicy { stock: false, ..TenantPolicy::default() });
        world.succeeds(world.operations()[0]);
        world
    }

    /// A delivered order that was paid by card.
    fn delivered() -> Self {
        let mut world = World::paid_by_card();
        world.stock(StockAnswer::Reserved);
        world.captured();
        world.shipment(FulfillmentStage::Delivered).unwrap();
        assert_eq!(world.order.status, OrderStatus::Completed);
        world
    }

    fn capture(&mut self, capturing: Capturing) -> Result<(), Refusal> {
        let payment = self.order.payments[0].id;
        self.hear(|draft| draft.capture(payment, capturing))
    }

    fn refund_this(&mut self, body: Value) -> Result<(), Refusal> {
        self.hear(|draft| draft.refund(&refunding(body)))
    }

    fn report(&self, kind: OperationKind) -> OperationReport {
        let operation = self.last(kind);
        OperationReport {
            id: operation.id,
            kind,
            status: ReportedStatus::Succeeded,
            amount: operation.amount.minor_units(),
            currency: "EUR".to_owned(),
            provider_reference: Some(operation.id.to_string()),
            failure: None,
            next_action: None,
            occurred_at: Timestamp::from_microsecond(1),
        }
    }
}

#[test]
fn a_manual_tender_confirms_when_it_is_set_aside_and_completes_when_it_is_taken() {
    let mut world = World::set_aside();
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Confirmed, PaymentStatus::Authorized));
    world.shipment(FulfillmentStage::Delivered).unwrap();
    assert_eq!(world.order.status, OrderStatus::Processing, "not paid yet");
    world.capture(Capturing::parse(&serde_json::from_value(json!({})).unwrap()).unwrap()).unwrap();
    world.succeeds(world.last(OperationKind::Capture).id);
    world.check();
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Completed, PaymentStatus::Paid));
}

#[test]
fn captures_on_their_way_count_against_what_is_set_aside() {
    let mut world = World::set_aside();
    world.capture(some(3000)).unwrap();
    let refused = world.capture(some(500)).unwrap_err();
    assert_eq!(refused, Refusal::Exceeds(Exceeded { limit: Limit::Capturable, pointer: "/amount".into(), asked: 500, available: 490 }));
    world.capture(some(490)).unwrap();
    let Err(Refusal::NotAllowed(refused)) = world.capture(some(1)) else { panic!() };
    assert_eq!(refused.reasons, [Obstacle::NothingAuthorized]);
    world.fails(world.operations()[1]);
    world.check();
    assert_eq!(world.order.payments[0].capturable(), Ok(minor(3000)), "what failed may be tried again");
}

#[test]
fn a_last_capture_lets_the_rest_go_once_it_has_succeeded() {
    let mut world = World::set_aside();
    world.capture(finally(3000)).unwrap();
    assert!(!world.order.payments[0].has_open(OperationKind::Void));
    world.succeeds(world.last(OperationKind::Capture).id);
    assert_eq!(world.last(OperationKind::Void).amount, minor(490));
    world.succeeds(world.last(OperationKind::Void).id);
    world.check();
    assert_eq!((world.order.balances.authorized(), world.order.payment_status), (Amount::ZERO, PaymentStatus::PartiallyPaid));
    assert_eq!(world.order.open_due(), Ok(minor(490)), "another tender may pay the rest");
}

#[test]
fn money_that_secures_goods_on_their_way_is_not_let_go() {
    let mut world = World::set_aside();
    let payment = world.order.payments[0].id;
    let Err(Refusal::NotAllowed(refused)) = world.hear(|draft| draft.void(payment)) else { panic!() };
    assert_eq!(refused.reasons, [Obstacle::SecuresOrder]);
}

#[test]
fn a_tender_is_let_go_once_however_often_it_is_asked_for() {
    let mut world = World::place(request(tea(true), manual(1000)), &TenantPolicy { stock: false, ..TenantPolicy::default() });
    world.succeeds(world.operations()[0]);
    let payment = world.order.payments[0].id;
    for _ in 0..3 {
        world.hear(|draft| draft.void(payment)).unwrap();
    }
    assert_eq!(world.operations().len(), 2);
    world.succeeds(world.operations()[1]);
    world.hear(|draft| draft.void(payment)).unwrap();
    world.check();
    assert_eq!((world.operations().len(), world.order.balances.authorized()), (2, Amount::ZERO));
}

#[test]
fn a_tender_that_waits_for_the_customer_can_be_called_off() {
    let mut world = World::paid_by_card();
    let (id, payment) = (world.operations()[0], world.order.payments[0].id);
    world.sends(id);
    world.hear(|draft| draft.void(payment)).unwrap();
    world.check();
    assert_eq!(world.order.open_due(), Ok(minor(3490)), "another tender may be added");
    world.succeeds(id);
    world.check();
    assert_eq!(world.last(OperationKind::Refund).amount, minor(3490));
    world.stock(StockAnswer::Reserved);
    assert_eq!(world.order.status, OrderStatus::AwaitingPayment, "money on its way back confirms nothing");
}

#[test]
fn an_amount_that_is_refunded_is_a_grant_and_taken_back_if_it_fails() {
    let mut world = World::delivered();
    world.refund_this(json!({ "amount": 1000 })).unwrap();
    assert_eq!((world.order.balances.due(), world.order.balances.balance_due()), (minor(2490), Amount::ZERO));
    world.fails(world.last(OperationKind::Refund).id);
    world.check();
    assert_eq!((world.order.balances.due(), world.order.balances.balance_due()), (minor(3490), Amount::ZERO));
    assert_eq!(world.order.payments[0].operations.len(), 2, "whoever asked is told, and may ask again");
    world.refund_this(json!({})).unwrap();
    world.succeeds(world.last(OperationKind::Refund).id);
    world.check();
    assert_eq!(world.order.payment_status, PaymentStatus::Refunded);
}

#[test]
fn the_value_of_refunded_lines_stays_owed_and_each_unit_is_refunded_once() {
    let mut world = World::delivered();
    let line = world.order.lines[0].id;
    world.refund_this(json!({ "lines": [{ "id": line, "quantity": 1 }] })).unwrap();
    assert_eq!(world.last(OperationKind::Refund).amount, minor(1500), "1250 and half of the tax");
    let refused = world.refund_this(json!({ "lines": [{ "id": line, "quantity": 2 }] })).unwrap_err();
    assert_eq!(refused, Refusal::Exceeds(Exceeded { limit: Limit::Quantity, pointer: "/lines/0/quantity".into(), asked: 2, available: 1 }));
    world.fails(world.last(OperationKind::Refund).id);
    world.check();
    assert_eq!(world.last(OperationKind::Refund).state, OperationState::Requested, "what is owed is tried again");
    world.succeeds(world.last(OperationKind::Refund).id);
    world.refund_this(json!({ "lines": [{ "id": line, "quantity": 1 }], "shipping": true })).unwrap();
    world.check();
    assert_eq!(world.last(OperationKind::Refund).amount, minor(1500 + 490), "the parts come to the whole");
}

#[test]
fn a_refund_goes_over_the_tenders_oldest_first_unless_it_is_said() {
    let by_two = || {
        let mut world = World::place(request(tea(true), super::card(1000)), &TenantPolicy { stock: false, ..TenantPolicy::default() });
        world.hear(|draft| draft.add_payment(tender(2490))).unwrap();
        world.operations().into_iter().for_each(|id| world.succeeds(id));
        world
    };
    let refunds = |world: &World| -> Vec<(usize, i64)> {
        let all =
            world.order.payments.iter().enumerate().flat_map(|(index, payment)| payment.operations.iter().map(move |one| (index, one)));
        all.filter(|(_, one)| one.kind == OperationKind::Refund).map(|(index, one)| (index, one.amount.minor_units())).collect()
    };
    let mut world = by_two();
    world.refund_this(json!({ "amount": 1500 })).unwrap();
    assert_eq!(refunds(&world), [(0, 1000), (1, 500)]);

    let mut world = by_two();
    let (first, second) = (world.order.payments[0].id, world.order.payments[1].id);
    let refused = world.refund_this(json!({ "amount": 1500, "allocation": [{ "payment_id": second, "amount": 1499 }] })).unwrap_err();
    assert!(matches!(refused, Refusal::Invalid(errors) if errors[0].code == "mismatch"));
    let refused = world.refund_this(json!({ "amount": 1500, "allocation": [{ "payment_id": first, "amount": 1500 }] })).unwrap_err();
    assert!(matches!(refused, Refusal::Exceeds(Exceeded { asked: 1500, available: 1000, .. })));
    world.refund_this(json!({ "amount": 1500, "allocation": [{ "payment_id": second, "amount": 1500 }] })).unwrap();
    world.check();
    assert_eq!(refunds(&world), [(1, 1500)]);
}

/// An order on which a capture, an authorization and a refund are all under way, told of in any order and as often as one likes.
#[test]
fn the_order_in_which_money_is_told_of_does_not_matter() {
    let mut world = World::set_aside();
    world.capture(finally(2490)).unwrap();
    world.succeeds(world.last(OperationKind::Capture).id);
    world.succeeds(world.last(OperationKind::Void).id);
    world.hear(|draft| draft.add_payment(tender(600))).unwrap();
    world.hear(|draft| draft.add_payment(tender_of(400, "manual"))).unwrap();
    world.refund_this(json!({ "amount": 100 })).unwrap();
    let open: Vec<_> = world.operations().into_iter().filter(|id| world.operation(*id).state.is_open()).collect();
    assert_eq!(open.len(), 3);
    let mut ends = permutations(&[open[0], open[1], open[2], open[0], open[2]]).into_iter().map(|order| {
        let mut world = World { order: world.order.clone(), ..World::set_aside() };
        for id in &order {
            let amount = world.operation(*id).amount;
            world.hear(|draft| draft.apply_outcome(*id, super::success(amount, *id))).unwrap();
        }
        (world.order.balances, world.order.payment_status, world.order.status, world.order.version)
    });
    let first = ends.next().unwrap();
    assert!(ends.all(|end| end == first));
}

#[test]
fn an_authorization_that_expires_is_gone_and_a_person_is_called_while_goods_are_on_their_way() {
    let mut world = World::set_aside();
    let report = world.report(OperationKind::Authorize);
    for _ in 0..2 {
        world.hear(|draft| draft.authorization_expired(&report)).unwrap();
    }
    world.check();
    assert_eq!((world.order.balances.authorized(), world.sent(MessageType::OrderPaymentVoided)), (Amount::ZERO, 1));
    assert_eq!(world.operation(report.id).attention, Some(Attention::AuthorizationExpired));
    world.succeeds(report.id);
    assert_eq!(world.order.balances.authorized(), Amount::ZERO, "late news of its success changes nothing");
}

#[test]
fn a_refund_that_is_reversed_is_owed_again_even_if_its_success_was_never_heard_of() {
    for heard in [true, false] {
        let mut world = World::delivered();
        world.refund_this(json!({ "amount": 1000 })).unwrap();
        let report = world.report(OperationKind::Refund);
        if heard {
            world.succeeds(report.id);
        }
        world.hear(|draft| draft.refund_reversed(&report)).unwrap();
        world.check();
        assert_eq!((world.order.balances.refunded(), world.order.balances.owed()), (Amount::ZERO, minor(1000)));
        world.refund_this(json!({ "amount": 1000 })).unwrap();
        assert_eq!(world.last(OperationKind::Refund).granted, Amount::ZERO, "what is owed is no new grant");
        world.succeeds(world.last(OperationKind::Refund).id);
        world.check();
        assert_eq!((world.order.balances.refunded(), world.order.balances.owed()), (minor(1000), Amount::ZERO));
    }
}

#[test]
fn a_refund_that_was_given_up_and_went_through_after_all_stops_the_one_in_its_place() {
    let mut world = World::delivered();
    let line = world.order.lines[0].id;
    world.refund_this(json!({ "lines": [{ "id": line, "quantity": 2 }], "shipping": true })).unwrap();
    let first = world.last(OperationKind::Refund).id;
    world.fails(first);
    let second = world.last(OperationKind::Refund).id;
    assert_ne!(first, second);
    world.succeeds(first);
    world.check();
    assert_eq!(world.operation(second).state, OperationState::Failed, "withdrawn before it was sent");
    assert_eq!((world.order.balances.refunded(), world.order.payment_status), (minor(3490), PaymentStatus::Refunded));
}

#[test]
fn two_operations_never_count_the_same_movement() {
    let mut world = World::set_aside();
    world.capture(some(1000)).unwrap();
    world.capture(some(1000)).unwrap();
    let (one, two) = (world.operations()[1], world.operations()[2]);
    let same = || Outcome::Succeeded { amount: minor(1000), provider_reference: Some("ch_1".into()) };
    world.hear(|draft| draft.apply_outcome(one, same())).unwrap();
    for _ in 0..2 {
        world.hear(|draft| draft.apply_outcome(two, same())).unwrap();
    }
    assert_eq!((world.order.balances.captured(), world.operation(two).attention), (minor(1000), Some(Attention::SharedReference)));
    assert_eq!(world.sent(MessageType::OrderAttentionRequired), 1);
}

#[test]
fn a_person_settles_what_is_open_and_cannot_call_a_success_a_failure() {
    let mut world = World::paid_by_card();
    let id = world.operations()[0];
    world.hear(|draft| draft.apply_outcome(id, Outcome::Unknown)).unwrap();
    world.hear(|draft| draft.resolve(id, &resolution("succeeded"))).unwrap();
    world.check();
    assert_eq!(world.order.balances.captured(), minor(3490));
    for outcome in ["succeeded", "failed"] {
        assert!(matches!(world.hear(|draft| draft.resolve(id, &resolution(outcome))), Err(Refusal::NothingToSettle(_))));
    }
}
