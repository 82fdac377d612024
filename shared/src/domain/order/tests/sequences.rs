//! Any sequence of what callers ask, partners answer and people find out: the books hold after every step.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::Index};
use serde_json::json;

use super::{World, card, manual, request, success, tea, tender_of};
use crate::domain::{
    fulfilment::FulfillmentStage,
    ids::{OperationId, PaymentId},
    money::Amount,
    order::{
        actions::Action, capture::Capturing, draft::Refusal, reconcile::Told, refund::Refunding, resolve::Resolution, stock::StockAnswer,
    },
    payments::{
        OperationKind,
        operation::{Failure, NextAction, Outcome},
        report::{OperationReport, ReportedStatus},
    },
    policy::TenantPolicy,
    timestamp::Timestamp,
};

/// Sequences of one run.
const SEQUENCES: u32 = 100_000;
/// Steps of one sequence at most.
const STEPS: usize = 16;

/// How an operation ends, in parts of what was asked for.
#[derive(Debug, Clone, Copy)]
enum End {
    Succeeds,
    Partly(u8),
    Exceeds,
    Fails,
    Unknown,
    Pending,
    NeedsAction,
}

#[derive(Debug, Clone)]
enum Step {
    Stock(StockAnswer, u32),
    Sent(Index),
    Outcome(Index, End),
    Expired(Index),
    Reversed(Index),
    Shipment(FulfillmentStage),
    ShipmentStays,
    Cancel,
    Tender(i64, bool),
    Capture(Index, Option<i64>, bool),
    Void(Index),
    Refund(Option<i64>),
    RefundLines(u32, bool),
    Resolve(Index, bool),
    Deadline(bool),
    Question(Index, u32, bool),
}

/// What one step is made of. One flat tuple: a union of strategies would seed a random generator for each of its arms, at every step.
type Dice = (u8, u8, Index, u8, i64, bool, bool);

fn step() -> impl Strategy<Value = Step> {
    let dice = (0u8..36, 0u8..17, any::<Index>(), any::<u8>(), 1i64..4000, any::<bool>(), any::<bool>());
    dice.prop_map(thrown)
}

/// How often each step and each end comes is the number of faces that it has.
fn thrown((kind, end, which, part, amount, one, other): Dice) -> Step {
    let pick = usize::from(part);
    match kind {
        0..4 => Step::Stock(StockAnswer::ALL[pick % StockAnswer::ALL.len()], u32::from(part % 3) + 1),
        4..7 => Step::Sent(which),
        7..17 => Step::Outcome(which, ended(end, part)),
        17 => Step::Expired(which),
        18 => Step::Reversed(which),
        19..22 => Step::Shipment(FulfillmentStage::ALL[pick % FulfillmentStage::ALL.len()]),
        22 => Step::ShipmentStays,
        23 => Step::Cancel,
        24..26 => Step::Tender(amount, one),
        26..29 => Step::Capture(which, one.then_some(amount), other),
        29 => Step::Void(which),
        30..32 => Step::Refund(one.then_some(amount)),
        32 => Step::RefundLines(u32::from(part % 2) + 1, one),
        33 => Step::Resolve(which, one),
        34 => Step::Deadline(one),
        _ => Step::Question(which, u32::from(part % 8), one),
    }
}

fn ended(end: u8, part: u8) -> End {
    match end {
        0..8 => End::Succeeds,
        8 => End::Partly(part),
        9 => End::Exceeds,
        10..14 => End::Fails,
        14 => End::Unknown,
        15 => End::Pending,
        _ => End::NeedsAction,
    }
}

impl World {
    fn play(&mut self, step: Step) {
        match step {
            Step::Stock(answer, attempt) => self.hear(|draft| draft.stock_answered(answer, attempt, &[])).unwrap(),
            Step::Sent(which) => self.with_operation(which, Self::sends),
            Step::Outcome(which, end) => self.with_operation(which, |world, id| world.ends(id, end)),
            Step::Expired(which) => self.with_operation(which, |world, id| world.comes_undone(id, OperationKind::Authorize)),
            Step::Reversed(which) => self.with_operation(which, |world, id| world.comes_undone(id, OperationKind::Refund)),
            Step::Shipment(stage) => self.shipment(stage).unwrap(),
            Step::ShipmentStays => {
                if let Some(id) = self.order.fulfillments.first().map(|fulfillment| fulfillment.id) {
                    self.hear(|draft| draft.shipment_cancellation_rejected(id)).unwrap();
                }
            }
            Step::Cancel => {
                self.ask(Action::Cancel, |draft| draft.cancel(None));
            }
            Step::Tender(amount, manual) => {
                let tender = tender_of(amount, if manual { "manual" } else { "automatic" });
                self.ask(Action::AddPayment, |draft| draft.add_payment(tender));
            }
            Step::Capture(which, amount, last) => self.with_payment(which, |world, id| {
                let request = serde_json::from_value(json!({ "amount": amount, "final": last })).unwrap();
                let capturing = Capturing::parse(&request).unwrap();
                world.ask(Action::CapturePayment, |draft| draft.capture(id, capturing));
            }),
            Step::Void(which) => self.with_payment(which, |world, id| {
                world.ask(Action::VoidPayment, |draft| draft.void(id));
            }),
            Step::Refund(amount) => self.refund(json!({ "amount": amount, "reason": "goodwill" })),
            Step::RefundLines(units, shipping) => {
                let line = self.order.lines[0].id;
                self.refund(json!({ "lines": [{ "id": line, "quantity": units }], "shipping": shipping, "reason": "damaged" }));
            }
            Step::Resolve(which, moved) => self.with_operation(which, |world, id| world.resolves(id, moved)),
            Step::Deadline(all_answered) => self.hear(|draft| draft.payment_deadline_passed(&[], all_answered)).unwrap(),
            Step::Question(which, asked, seen) => self.with_operation(which, |world, id| {
                let told = if seen { Told::Nothing } else { Told::NeverSeen };
                world.hear(|draft| draft.reconcile(id, asked, &told)).unwrap();
            }),
        }
    }

    fn with_operation(&mut self, which: Index, act: impl FnOnce(&mut Self, OperationId)) {
        let operations = self.operations();
        if !operations.is_empty() {
            act(self, *which.get(&operations));
        }
    }

    fn with_payment(&mut self, which: Index, act: impl FnOnce(&mut Self, PaymentId)) {
        let payments: Vec<PaymentId> = self.order.payments.iter().map(|payment| payment.id).collect();
        if !payments.is_empty() {
            act(self, *which.get(&payments));
        }
    }

    fn ends(&mut self, id: OperationId, end: End) {
        let asked = self.operation(id).amount;
        let some = |minor_units: i64| Amount::new(minor_units.max(1)).unwrap();
        let outcome = match end {
            End::Succeeds => success(asked, id),
            End::Partly(part) => success(some(asked.minor_units() * i64::from(part) / 256), id),
            End::Exceeds => success(some(asked.minor_units() + 1), id),
            End::Fails => Outcome::Failed(Failure { code: "declined".into(), message: String::new() }),
            End::Unknown => Outcome::Unknown,
            End::Pending => Outcome::Pending,
            End::NeedsAction => Outcome::RequiresAction(NextAction { kind: "redirect".into(), url: None }),
        };
        self.hear(|draft| draft.apply_outcome(id, outcome)).unwrap();
    }

    /// The provider says that a success is no more, of an operation that may or may not have succeeded for us.
    fn comes_undone(&mut self, id: OperationId, kind: OperationKind) {
        let report = report(self, id);
        let outcome = self.hear(|draft| match kind {
            OperationKind::Authorize => draft.authorization_expired(&report),
            _ => draft.refund_reversed(&report),
        });
        let fits = report.kind == kind;
        assert!(outcome.is_ok() == fits || matches!(outcome, Err(Refusal::Contradiction(_)) if !fits), "{outcome:?}");
    }

    fn refund(&mut self, body: serde_json::Value) {
        let refunding = Refunding::parse(&serde_json::from_value(body).unwrap()).unwrap();
        self.ask(Action::Refund, |draft| draft.refund(&refunding));
    }

    fn resolves(&mut self, id: OperationId, moved: bool) {
        let outcome = if moved { "succeeded" } else { "failed" };
        let request =
            serde_json::from_value(json!({ "outcome": outcome, "provider_reference": id.to_string(), "reason": "seen" })).unwrap();
        let resolution = Resolution::parse(&request).unwrap();
        let waits = self.operation(id).can_be_resolved();
        match self.hear(|draft| draft.resolve(id, &resolution)) {
            Ok(()) => assert!(waits),
            Err(Refusal::NothingToSettle(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// What the payment service says of an operation that succeeded.
pub(super) fn report(world: &World, id: OperationId) -> OperationReport {
    let operation = world.operation(id);
    OperationReport {
        id,
        kind: operation.kind,
        status: ReportedStatus::Succeeded,
        amount: operation.settled_amount.unwrap_or(operation.amount).minor_units(),
        currency: "EUR".to_owned(),
        provider_reference: Some(id.to_string()),
        failure: None,
        next_action: None,
        occurred_at: Timestamp::from_microsecond(1),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(SEQUENCES))]

    #[test]
    fn no_sequence_of_commands_and_outcomes_breaks_the_books(
        (stock, by_hand) in any::<(bool, bool)>(),
        steps in proptest::collection::vec(step(), 0..STEPS),
    ) {
        let policy = TenantPolicy { stock, ..TenantPolicy::default() };
        let mut world = World::place(request(tea(true), if by_hand { manual(3490) } else { card(3490) }), &policy);
        let mut dead = None;
        world.check();
        for step in steps {
            world.play(step);
            world.check();
            if let Some(status) = dead {
                prop_assert_eq!(world.order.status, status, "the dead stay dead");
            } else if world.order.status.is_dead() {
                dead = Some(world.order.status);
            }
        }
        prop_assert_eq!(world.order.discrepancies(&world.books()), BTreeSet::new(), "the audit finds nothing in a life that was lived");
    }
}
