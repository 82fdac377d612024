//! The life of an order under any sequence of news, in any order, any number of times.

mod requests;

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Order,
    draft::{Changes, Draft, Refusal},
    place::{Placement, place},
    request::{NewOrder, OrderRequest},
    status::{FulfillmentStatus, OrderStatus, PaymentStatus, StockStatus},
    stock::StockAnswer,
    tender::NewTender,
};
use crate::domain::{
    fulfilment::FulfillmentStage,
    ids::{NewIds, OperationId, TenantId},
    messages::MessageType,
    money::Amount,
    payments::{
        OperationKind, OperationState,
        ledger::{Account, Balances},
        operation::{Failure, Outcome},
    },
    policy::TenantPolicy,
    timestamp::Timestamp,
};

struct Counter(u128);

impl NewIds for Counter {
    fn next_uuid(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

/// An order with everything that was ever written beside it: what the database would hold.
struct World {
    order: Order,
    written: Changes,
    ids: Counter,
}

fn request(lines: Value, payments: Value) -> OrderRequest {
    let address = json!({ "name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT" });
    let body = json!({ "currency": "EUR", "lines": lines, "payments": payments, "shipping": 490, "shipping_address": address });
    serde_json::from_value(body).unwrap()
}

fn tea(requires_shipping: bool) -> Value {
    json!([{ "sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": 1250, "tax": 500, "requires_shipping": requires_shipping }])
}

fn card(amount: i64) -> Value {
    json!([{ "method": "card", "token": "tok_visa", "amount": amount, "capture": "automatic" }])
}

fn tender(amount: i64) -> NewTender {
    let request = json!({ "method": "card", "token": "tok_visa", "amount": amount, "capture": "automatic" });
    NewTender::try_new(&serde_json::from_value(request).unwrap()).unwrap()
}

impl World {
    fn place(request: OrderRequest, policy: &TenantPolicy) -> Self {
        let mut ids = Counter(0);
        let now = Timestamp::from_microsecond(0);
        let new = NewOrder::parse(request, policy, &mut ids).unwrap();
        let placement = Placement { tenant: TenantId::OPERATOR, number: 1_000_001, policy, now };
        let (order, written) = place(new, &placement, &mut ids).unwrap().finish();
        Self { order, written, ids }
    }

    fn paid_by_card() -> Self {
        Self::place(request(tea(true), card(3490)), &TenantPolicy::default())
    }

    /// Applies news as a command does: a refusal writes nothing.
    fn hear(&mut self, news: impl FnOnce(&mut Draft<'_>) -> Result<(), Refusal>) -> Result<(), Refusal> {
        let mut draft = Draft::new(self.order.clone(), Timestamp::from_microsecond(1), &mut self.ids);
        news(&mut draft)?;
        let (order, changes) = draft.finish();
        self.order = order;
        self.written.history.extend(changes.history);
        self.written.ledger.extend(changes.ledger);
        self.written.messages.extend(changes.messages);
        Ok(())
    }

    /// A caller's wish, which the order may refuse, and refuses exactly when it said so before.
    fn ask(&mut self, wish: impl FnOnce(&mut Draft<'_>) -> Result<(), Refusal>) {
        let before = self.order.clone();
        match self.hear(wish) {
            Ok(()) => {}
            Err(Refusal::NotAllowed { action, allowed_actions, .. }) => {
                assert_eq!(allowed_actions, before.allowed_actions().unwrap());
                assert!(allowed_actions.iter().any(|allowed| allowed.action == action && !allowed.allowed));
            }
            Err(Refusal::Invalid(errors)) => assert_eq!(errors[0].code, "exceeds_due"),
            Err(other) => panic!("{other}"),
        }
    }

    fn operations(&self) -> Vec<OperationId> {
        self.order.payments.iter().flat_map(|payment| payment.operations.iter().map(|operation| operation.id)).collect()
    }

    fn stock(&mut self, answer: StockAnswer) {
        let attempt = self.order.stock.attempt;
        self.hear(|draft| draft.stock_answered(answer, attempt, json!([]))).unwrap();
    }

    fn captured(&mut self) {
        let (id, amount) = (self.operations()[0], self.order.payments[0].amount);
        self.hear(|draft| draft.apply_outcome(id, Outcome::Succeeded { amount, provider_reference: Some("ref".into()) })).unwrap();
    }

    fn shipment(&mut self, stage: FulfillmentStage) -> Result<(), Refusal> {
        let Some(id) = self.order.fulfillments.first().map(|fulfillment| fulfillment.id) else { return Ok(()) };
        self.hear(|draft| draft.shipment_reported(id, stage, None))
    }

    fn sent(&self, kind: MessageType) -> usize {
        self.written.messages.iter().filter(|message| message.kind == kind).count()
    }

    /// I4, I5, I8 and the shape of the message stream.
    fn check(&self) {
        let order = &self.order;
        let versions: Vec<u64> = self.written.history.iter().map(|entry| entry.version).collect();
        assert_eq!(versions, (1..=order.version).collect::<Vec<_>>(), "every version has its history row");
        for version in versions {
            let announced = self.written.messages.iter().any(|message| message.order_version == version);
            assert!(announced, "version {version} has no outbox row");
        }
        let sequences: Vec<u64> = self.written.messages.iter().filter_map(|message| message.sequence).collect();
        assert_eq!(sequences, (1..=order.event_sequence).collect::<Vec<_>>(), "events are dense");

        let mut balances = Balances::default();
        for transaction in &self.written.ledger {
            assert_eq!(Amount::sum(transaction.entries.iter().map(|entry| entry.amount)), Ok(Amount::ZERO), "{transaction:?}");
            balances = balances.post(&transaction.entries).unwrap();
        }
        assert_eq!(balances, order.balances, "the ledger and the balances agree");
        assert!(!balances.refundable().unwrap().is_negative(), "more given back than taken");
        assert!(!balances.of(Account::Captured).is_negative());

        for line in &order.lines {
            let units = line.quantities;
            assert!(
                units.ordered >= units.cancelled + units.fulfilled && units.fulfilled >= units.shipped && units.shipped >= units.delivered
            );
        }
        for once in [MessageType::OrderConfirmed, MessageType::OrderCompleted, MessageType::OrderCancelled] {
            assert!(self.sent(once) <= 1, "{once} twice");
        }
        if order.status == OrderStatus::Cancelled {
            assert!(self.written.history.iter().any(|entry| entry.action == "cancellation_requested"));
            assert!(order.stock.status != StockStatus::Reserved && order.balances.due().is_zero());
        }
        if order.status == OrderStatus::Completed {
            assert!(order.balances.balance_due().is_zero());
        }
    }
}

/// One piece of news from outside.
#[derive(Debug, Clone)]
enum News {
    Stock(StockAnswer, u32),
    Outcome(Index, Result<i64, bool>),
    Shipment(FulfillmentStage),
    Cancel,
    Tender(i64),
}

fn news() -> impl Strategy<Value = News> {
    prop_oneof![
        (proptest::sample::select(StockAnswer::ALL), 1u32..4).prop_map(|(answer, attempt)| News::Stock(answer, attempt)),
        (any::<Index>(), prop_oneof![3 => (1i64..4000).prop_map(Ok), 1 => any::<bool>().prop_map(Err)])
            .prop_map(|(operation, outcome)| News::Outcome(operation, outcome)),
        proptest::sample::select(FulfillmentStage::ALL).prop_map(News::Shipment),
        Just(News::Cancel),
        (1i64..4000).prop_map(News::Tender),
    ]
}

impl World {
    fn hear_any(&mut self, news: News) {
        match news {
            News::Stock(answer, attempt) => self.hear(|draft| draft.stock_answered(answer, attempt, json!([]))).unwrap(),
            News::Outcome(which, outcome) => {
                let id = *which.get(&self.operations());
                let failure = || Failure { code: "declined".into(), message: String::new() };
                let outcome = match outcome {
                    Ok(amount) => Outcome::Succeeded { amount: Amount::new(amount).unwrap(), provider_reference: Some(id.to_string()) },
                    Err(true) => Outcome::Failed(failure()),
                    Err(false) => Outcome::Unknown,
                };
                // A refund of more than was taken is refused by the books' own limits elsewhere; the service never asks for it.
                let operation = self.order.payments.iter().find_map(|payment| payment.operation(id)).unwrap();
                let (kind, amount) = (operation.kind, operation.amount);
                let outcome = match (kind, outcome) {
                    (OperationKind::Refund, Outcome::Succeeded { provider_reference, .. }) => {
                        Outcome::Succeeded { amount, provider_reference }
                    }
                    (_, outcome) => outcome,
                };
                self.hear(|draft| draft.apply_outcome(id, outcome)).unwrap();
            }
            News::Shipment(stage) => self.shipment(stage).unwrap(),
            News::Cancel => self.ask(|draft| draft.cancel(None)),
            News::Tender(amount) => self.ask(|draft| draft.add_payment(tender(amount))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_sequence_of_news_breaks_the_books(stock in any::<bool>(), news in proptest::collection::vec(news(), 0..25)) {
        let policy = TenantPolicy { stock, ..TenantPolicy::default() };
        let mut world = World::place(request(tea(true), card(3490)), &policy);
        let mut dead = None;
        world.check();
        for piece in news {
            world.hear_any(piece);
            world.check();
            if let Some(status) = dead {
                prop_assert_eq!(world.order.status, status, "the dead stay dead");
            } else if world.order.status.is_dead() {
                dead = Some(world.order.status);
            }
        }
    }
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |index: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(index);
        permutations(&rest).into_iter().map(move |tail| [vec![first.clone()], tail].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

#[test]
fn the_order_of_stock_and_money_does_not_matter() {
    type Step = fn(&mut World);
    let steps: [(&str, Step); 3] =
        [("reserved", |world| world.stock(StockAnswer::Reserved)), ("captured", World::captured), ("captured again", World::captured)];
    for order in permutations(&steps) {
        let mut world = World::paid_by_card();
        for (_, step) in &order {
            step(&mut world);
        }
        world.check();
        assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Confirmed, PaymentStatus::Paid), "{order:?}");
        assert_eq!((world.sent(MessageType::ShippingRequest), world.sent(MessageType::InventoryCommit)), (1, 1));
    }
}

#[test]
fn the_order_of_shipment_reports_does_not_matter() {
    use FulfillmentStage::{Accepted, Delivered, Packed, Shipped};
    for reports in permutations(&[Accepted, Packed, Shipped, Delivered, Delivered]) {
        let mut world = World::paid_by_card();
        world.stock(StockAnswer::Reserved);
        world.captured();
        for stage in &reports {
            world.shipment(*stage).unwrap();
        }
        world.check();
        assert_eq!(world.order.status, OrderStatus::Completed, "{reports:?}");
        assert_eq!(world.order.fulfillment_status, FulfillmentStatus::Delivered);
    }
}

#[test]
fn without_stock_the_money_goes_back() {
    for captured_first in [true, false] {
        let mut world = World::paid_by_card();
        if captured_first {
            world.captured();
        }
        world.stock(StockAnswer::Rejected);
        if !captured_first {
            world.captured();
        }
        world.check();
        let refunds: Vec<_> =
            world.order.payments[0].operations.iter().filter(|operation| operation.kind == OperationKind::Refund).collect();
        assert_eq!((refunds.len(), refunds[0].amount), (1, world.order.payments[0].amount));
        assert_eq!(world.sent(MessageType::PaymentOperationRequested), 2);
        assert_eq!(world.order.status, OrderStatus::Rejected);
        assert!(world.order.balances.balance_due().is_zero(), "nobody owes anything once the refund is on its way");
    }
}

#[test]
fn a_lost_reservation_is_asked_for_again_and_then_given_up() {
    let mut world = World::paid_by_card();
    for attempt in 1..=3 {
        assert_eq!((world.order.stock.attempt, world.order.stock.status), (attempt, StockStatus::Requested));
        world.stock(StockAnswer::Reserved);
        world.stock(StockAnswer::ReservationExpired);
    }
    world.check();
    assert_eq!((world.order.status, world.sent(MessageType::InventoryReserve)), (OrderStatus::Rejected, 3));
}

#[test]
fn stock_that_comes_too_late_is_let_go() {
    let mut world = World::paid_by_card();
    world.stock(StockAnswer::Rejected);
    world.stock(StockAnswer::Reserved);
    assert_eq!(world.sent(MessageType::InventoryRelease), 1);
}

#[test]
fn an_order_with_nothing_to_wait_for_is_completed_at_once() {
    let gift = json!([{ "sku": "GIFT", "name": "Greeting", "quantity": 1, "unit_price": 0, "requires_shipping": false }]);
    let mut free = request(gift, json!([]));
    free.shipping = 0;
    let world = World::place(free, &TenantPolicy { stock: false, ..TenantPolicy::default() });
    world.check();
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::Completed, PaymentStatus::NotRequired));
    assert_eq!(world.order.version, 3, "created, confirmed, completed");
}

#[test]
fn a_failure_leaves_the_order_waiting_for_another_tender() {
    let mut world = World::paid_by_card();
    world.stock(StockAnswer::Reserved);
    let id = world.operations()[0];
    let declined = Outcome::Failed(Failure { code: "card_declined".into(), message: String::new() });
    world.hear(|draft| draft.apply_outcome(id, declined)).unwrap();
    world.check();
    assert_eq!((world.order.status, world.order.payment_status), (OrderStatus::AwaitingPayment, PaymentStatus::Failed));
}

#[test]
fn unknown_money_is_neither_there_nor_gone() {
    let mut world = World::paid_by_card();
    let id = world.operations()[0];
    world.hear(|draft| draft.apply_outcome(id, Outcome::Unknown)).unwrap();
    assert_eq!(world.order.payment_status, PaymentStatus::Pending);
    world.captured();
    world.check();
    assert_eq!(world.order.payments[0].operations[0].state, OperationState::Succeeded);
}

#[test]
fn news_of_what_the_order_does_not_have_is_not_known_yet() {
    let mut world = World::paid_by_card();
    let stranger = OperationId::new(Uuid::from_u128(999));
    assert_eq!(world.hear(|draft| draft.apply_outcome(stranger, Outcome::Pending)), Err(Refusal::NotYetKnown("operation")));
}
