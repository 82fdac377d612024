//! Deadlines: what an order makes of a payment deadline that passes, and of each question about an operation.

use uuid::Uuid;

use super::{World, card, permutations, request, sequences::report, tea};
use crate::domain::{
    ids::OperationId,
    messages::MessageType,
    order::{
        draft::{Changes, Draft, Refusal, TimerKind, TimerSet},
        reconcile::Told,
        status::{OrderStatus, PaymentStatus, StockStatus},
        stock::StockAnswer,
    },
    payments::{
        OperationKind, OperationState,
        operation::{Attention, NextAction, Outcome},
        report::{OperationReport, ReportedStatus},
    },
    policy::TenantPolicy,
    timestamp::Timestamp,
};

impl World {
    /// Applies something without keeping it, for a look at what it would write.
    fn would(&mut self, news: impl FnOnce(&mut Draft<'_>) -> Result<(), Refusal>) -> Changes {
        let mut draft = Draft::new(self.order.clone(), Timestamp::from_microsecond(0), &mut self.ids);
        news(&mut draft).unwrap();
        draft.finish().1
    }

    fn says(&self, id: OperationId, status: ReportedStatus) -> OperationReport {
        let next_action = (status == ReportedStatus::RequiresAction).then(|| NextAction { kind: "redirect".into(), url: None });
        OperationReport { status, next_action, ..report(self, id) }
    }

    fn deadline_passes(&mut self, reports: &[OperationReport], all_answered: bool) {
        self.hear(|draft| draft.payment_deadline_passed(reports, all_answered)).unwrap();
        self.check();
    }
}

/// Seconds until a timer that a change sets, and how often it was due before.
fn next(changes: &Changes) -> Option<(i64, u32)> {
    changes.timers_set.first().map(|set: &TimerSet| (set.due_at.as_second(), set.attempts))
}

fn unpaid() -> World {
    let mut world = World::place(request(tea(true), card(1000)), &TenantPolicy::default());
    world.stock(StockAnswer::Reserved);
    world
}

#[test]
fn an_operation_is_asked_about_ever_more_seldom_and_then_a_person_is_called() {
    let mut world = unpaid();
    let id = world.operations()[0];
    let lost = world.would(|draft| draft.apply_outcome(id, Outcome::Unknown));
    assert_eq!(next(&lost), Some((10, 0)));
    let pauses: Vec<_> = (0..7).map_while(|asked| next(&world.would(|draft| draft.reconcile(id, asked, &Told::Nothing)))).collect();
    assert_eq!(pauses, [(30, 1), (120, 2), (600, 3), (3_600, 4), (21_600, 5), (86_400, 6)]);
    world.hear(|draft| draft.reconcile(id, 6, &Told::Nothing)).unwrap();
    world.check();
    assert_eq!(world.operation(id).attention, Some(Attention::Unanswered));
    // Two who ask at once call once.
    world.hear(|draft| draft.reconcile(id, 6, &Told::Nothing)).unwrap();
    assert_eq!(world.sent(MessageType::OrderAttentionRequired), 1);
    // The outcome that comes after all is applied, and nobody needs to look any more.
    world.succeeds(id);
    world.check();
    assert_eq!((world.operation(id).state, world.operation(id).attention), (OperationState::Succeeded, None));
}

#[test]
fn what_was_never_seen_is_sent_again_under_its_id_and_the_schedule_goes_on() {
    let mut world = unpaid();
    let id = world.operations()[0];
    let changes = world.would(|draft| draft.reconcile(id, 2, &Told::NeverSeen));
    let sent: Vec<_> = changes.messages.iter().filter(|message| message.kind() == MessageType::PaymentOperationRequested).collect();
    assert_eq!((sent.len(), &serde_json::json!(sent[0].data())["operation_id"]), (1, &serde_json::json!(id)));
    assert_eq!((next(&changes), changes.history.len()), (Some((600, 3)), 0));
}

#[test]
fn an_answer_ends_the_questions_and_less_than_one_does_not() {
    let mut world = unpaid();
    let id = world.operations()[0];
    let cleared = |changes: &Changes| changes.timers_cleared.iter().any(|timer| timer.kind == TimerKind::PaymentReconcile);
    for (status, ends) in [
        (ReportedStatus::Succeeded, true),
        (ReportedStatus::Failed, true),
        (ReportedStatus::Pending, false),
        (ReportedStatus::RequiresAction, false),
    ] {
        let told = Told::Report(world.says(id, status));
        let changes = world.would(|draft| draft.reconcile(id, 0, &told));
        assert_eq!((cleared(&changes), next(&changes)), (ends, (!ends).then_some((30, 1))), "{status}");
    }
    let senseless = Told::Report(OperationReport { currency: "JPY".into(), ..report(&world, id) });
    assert_eq!(next(&world.would(|draft| draft.reconcile(id, 0, &senseless))), Some((30, 1)));
    world.succeeds(id);
    assert!(cleared(&world.would(|draft| draft.reconcile(id, 3, &Told::Nothing))), "it was quicker by another road");
    let stranger = OperationId::new(Uuid::from_u128(999));
    assert_eq!(world.hear(|draft| draft.reconcile(stranger, 0, &Told::Nothing)), Err(Refusal::NotYetKnown("operation")));
}

#[test]
fn a_customer_who_does_not_act_is_asked_for_only_while_an_order_waits_to_be_cancelled() {
    for cancelled in [false, true] {
        let mut world = unpaid();
        let id = world.operations()[0];
        world.sends(id);
        let told = Told::Report(world.says(id, ReportedStatus::RequiresAction));
        world.hear(|draft| draft.reconcile(id, 0, &told)).unwrap();
        if cancelled {
            world.hear(|draft| draft.cancel(None)).unwrap();
        }
        world.hear(|draft| draft.reconcile(id, 6, &told)).unwrap();
        world.check();
        assert_eq!(world.operation(id).attention.is_some(), cancelled, "cancelled: {cancelled}");
    }
}

#[test]
fn an_unpaid_order_expires_and_lets_everything_go() {
    let mut world = unpaid();
    let id = world.operations()[0];
    world.succeeds(id);
    assert_eq!(world.order.payment_status, PaymentStatus::PartiallyPaid);
    world.deadline_passes(&[], true);
    let order = &world.order;
    assert_eq!((order.status, order.stock.status), (OrderStatus::Expired, StockStatus::Releasing));
    assert!(order.balances.due().is_zero() && order.lines.iter().all(|line| line.quantities.cancelled == line.quantities.ordered));
    let refund = world.last(OperationKind::Refund);
    assert_eq!(refund.amount.minor_units(), 1000, "what was paid in part goes back");
    assert_eq!((world.sent(MessageType::OrderExpired), world.sent(MessageType::InventoryRelease)), (1, 1));
    let again = world.would(|draft| draft.payment_deadline_passed(&[], true));
    assert!(again.history.is_empty() && again.timers_cleared.len() == 1);
}

#[test]
fn an_order_does_not_expire_while_money_may_be_on_its_way() {
    let mut world = unpaid();
    let id = world.operations()[0];
    let pending = world.says(id, ReportedStatus::Pending);
    for (reports, all_answered) in [(vec![], true), (vec![], false), (vec![pending], true)] {
        let changes = world.would(|draft| draft.payment_deadline_passed(&reports, all_answered));
        assert_eq!((next(&changes), changes.history.len()), (Some((60, 0)), 0));
    }
    world.fails(id);
    let uncertain = world.would(|draft| draft.payment_deadline_passed(&[], false));
    assert_eq!(next(&uncertain), Some((60, 0)), "a failure may be a success that nobody could be asked about");
    let waits = world.says(id, ReportedStatus::Failed);
    world.deadline_passes(&[waits], true);
    assert_eq!(world.order.status, OrderStatus::Expired);
}

#[test]
fn an_order_expires_though_its_customer_might_still_act_and_such_money_goes_back() {
    let mut world = unpaid();
    let id = world.operations()[0];
    world.sends(id);
    let waits = world.says(id, ReportedStatus::RequiresAction);
    world.deadline_passes(&[waits], true);
    assert_eq!(world.order.status, OrderStatus::Expired);
    world.succeeds(id);
    world.check();
    assert_eq!((world.order.status, world.sent(MessageType::OrderLatePaymentReceived)), (OrderStatus::Expired, 1));
    assert_eq!(world.last(OperationKind::Refund).state, OperationState::Requested);
}

#[test]
fn what_the_payment_service_says_at_the_deadline_comes_first() {
    let mut world = World::paid_by_card();
    world.stock(StockAnswer::Reserved);
    let id = world.operations()[0];
    assert_eq!(world.order.questions_before_expiry(), [id]);
    let paid = world.says(id, ReportedStatus::Succeeded);
    world.deadline_passes(&[paid], true);
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Confirmed, PaymentStatus::Paid));
    assert!(world.order.questions_before_expiry().is_empty());
}

/// Whatever comes first, the customer's net is right: paid and confirmed, or expired and given back.
#[test]
fn the_order_of_deadline_money_and_stock_does_not_matter_to_the_customer() {
    type Step = fn(&mut World);
    let steps: [Step; 4] = [
        |world| world.stock(StockAnswer::Reserved),
        World::captured,
        |world| world.hear(|draft| draft.payment_deadline_passed(&[], true)).unwrap(),
        |world| world.hear(|draft| draft.reconcile(draft.order().payments[0].operations[0].id, 0, &Told::NeverSeen)).unwrap(),
    ];
    for order in permutations(&steps) {
        let mut world = World::paid_by_card();
        for step in order {
            step(&mut world);
            world.check();
        }
        match world.order.status {
            OrderStatus::Confirmed => assert_eq!(world.order.payment_status, PaymentStatus::Paid),
            OrderStatus::Expired => {
                let refund = world.last(OperationKind::Refund).id;
                world.succeeds(refund);
                world.check();
                assert_eq!(world.order.payment_status, PaymentStatus::Refunded);
            }
            other => panic!("{other}"),
        }
    }
}
