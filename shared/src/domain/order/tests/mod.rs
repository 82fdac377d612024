//! The life of an order under any sequence of news, in any order, any number of times.

mod cancellations;
mod deadlines;
mod money;
mod requests;
mod sequences;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Order,
    actions::Action,
    draft::{Changes, Draft, LedgerTransaction, Refusal},
    place::{Placement, place},
    request::{NewOrder, OrderRequest},
    status::{FulfillmentStatus, OrderStatus, PaymentStatus, StockStatus},
    stock::StockAnswer,
    tender::NewTender,
};
use crate::domain::{
    fulfilment::{FulfillmentStage, fulfillment_status},
    ids::{NewIds, OperationId, TenantId},
    messages::{
        MessageType,
        size::{OWN_DATA_BYTES_MAX, own_data_bytes},
    },
    money::{Amount, Overflow},
    payments::{
        Operation, OperationKind, OperationState, Payment,
        books::{Books, PostedTransaction},
        ledger::{Account, Balances},
        operation::{Failure, Outcome},
        status::payment_status,
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
    /// The sum of the ledger that was looked through, and how many of each kind of row were.
    balances: Balances,
    seen: Seen,
}

/// What `check` has looked through before: a sequence is as long to check as it is to play.
#[derive(Default)]
struct Seen {
    versions: usize,
    transactions: usize,
    messages: usize,
    sequence: u64,
}

fn request(lines: Value, payments: Value) -> OrderRequest {
    let address = json!({ "name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT" });
    let body = json!({ "currency": "EUR", "lines": lines, "payments": payments, "shipping": 490, "shipping_address": address });
    serde_json::from_value(body).unwrap()
}

fn tea(requires_shipping: bool) -> Value {
    json!([{ "sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": 1250, "tax": 500, "requires_shipping": requires_shipping }])
}

fn manual(amount: i64) -> Value {
    json!([{ "method": "card", "token": "tok_visa", "amount": amount, "capture": "manual" }])
}

fn card(amount: i64) -> Value {
    json!([{ "method": "card", "token": "tok_visa", "amount": amount, "capture": "automatic" }])
}

fn tender(amount: i64) -> NewTender {
    tender_of(amount, "automatic")
}

fn tender_of(amount: i64, capture: &str) -> NewTender {
    let request = json!({ "method": "card", "token": "tok_visa", "amount": amount, "capture": capture });
    NewTender::try_new(&serde_json::from_value(request).unwrap()).unwrap()
}

impl World {
    fn place(request: OrderRequest, policy: &TenantPolicy) -> Self {
        let mut ids = Counter(0);
        let now = Timestamp::from_microsecond(0);
        let new = NewOrder::parse(request, policy, &mut ids).unwrap();
        let placement = Placement { tenant: TenantId::OPERATOR, number: 1_000_001, policy, now };
        let (order, written) = place(new, &placement, &mut ids).unwrap().finish();
        Self { order, written, ids, balances: Balances::default(), seen: Seen::default() }
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
    fn ask(&mut self, action: Action, wish: impl FnOnce(&mut Draft<'_>) -> Result<(), Refusal>) -> bool {
        let before = self.order.allowed_actions().unwrap();
        let allowed = before.iter().find(|allowed| allowed.action == action).unwrap();
        let version = self.order.version;
        match self.hear(wish) {
            // What is so already is answered alike and changes nothing.
            Ok(()) => assert!(allowed.allowed || self.order.version == version, "{action} was said not to be allowed: {allowed:?}"),
            Err(Refusal::NotAllowed(refused)) => {
                assert_eq!((refused.action, &refused.allowed_actions), (action, &before));
                assert!(!allowed.allowed || matches!(action, Action::CapturePayment | Action::VoidPayment), "{allowed:?}, {refused:?}");
                return false;
            }
            Err(Refusal::Invalid(errors)) => assert_eq!(errors[0].code, "exceeds_due"),
            Err(Refusal::Exceeds(exceeded)) => assert!(exceeded.asked > exceeded.available),
            Err(other) => panic!("{other}"),
        }
        self.order.version > version
    }

    fn operation(&self, id: OperationId) -> &Operation {
        self.order.payments.iter().find_map(|payment| payment.operation(id)).unwrap()
    }

    /// The last operation of this kind.
    fn last(&self, kind: OperationKind) -> &Operation {
        let mut operations = self.order.payments.iter().flat_map(|payment| &payment.operations);
        operations.rfind(|operation| operation.kind == kind).unwrap()
    }

    /// The payment service does what it was asked for.
    fn succeeds(&mut self, id: OperationId) {
        let amount = self.operation(id).amount;
        self.hear(|draft| draft.apply_outcome(id, success(amount, id))).unwrap();
    }

    fn fails(&mut self, id: OperationId) {
        let failure = Failure { code: "declined".into(), message: String::new() };
        self.hear(|draft| draft.apply_outcome(id, Outcome::Failed(failure))).unwrap();
    }

    fn sends(&mut self, id: OperationId) {
        self.hear(|draft| draft.mark_sent(id)).unwrap();
    }

    fn operations(&self) -> Vec<OperationId> {
        self.order.payments.iter().flat_map(|payment| payment.operations.iter().map(|operation| operation.id)).collect()
    }

    fn stock(&mut self, answer: StockAnswer) {
        let attempt = self.order.stock.attempt;
        self.hear(|draft| draft.stock_answered(answer, attempt, &[])).unwrap();
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
        self.written.messages.iter().filter(|message| message.kind() == kind).count()
    }

    /// The books as they would be stored.
    fn books(&self) -> Books {
        let posted = |transaction: &LedgerTransaction| PostedTransaction {
            id: transaction.id,
            fact: transaction.fact,
            operation: transaction.operation,
            entries: transaction.entries.clone(),
            at: Timestamp::from_microsecond(0),
        };
        let (order, transactions) = (&self.order, self.written.ledger.iter().map(posted).collect());
        Books { order: order.id, version: order.version, currency: order.currency, balances: order.balances, transactions }
    }

    /// I4, I5, I8 and the shape of the message stream, of what is new since the last look.
    fn check(&mut self) {
        let order = &self.order;
        let news = &self.written.history[self.seen.versions..];
        for (entry, version) in news.iter().zip(self.seen.versions as u64 + 1..) {
            assert_eq!(entry.version, version, "every version has its history row");
            let mut announced = self.written.messages[self.seen.messages..].iter();
            assert!(announced.any(|message| message.order_version == version), "version {version} has no outbox row");
        }
        assert_eq!(self.written.history.len() as u64, order.version);
        for sequence in self.written.messages[self.seen.messages..].iter().filter_map(|message| message.sequence) {
            assert_eq!(sequence, self.seen.sequence + 1, "events are dense");
            self.seen.sequence = sequence;
        }
        for message in &self.written.messages[self.seen.messages..] {
            assert!(own_data_bytes(&message.content) <= OWN_DATA_BYTES_MAX, "{} is too large", message.kind());
        }
        for transaction in &self.written.ledger[self.seen.transactions..] {
            assert_eq!(Amount::sum(transaction.entries.iter().map(|entry| entry.amount)), Ok(Amount::ZERO), "{transaction:?}");
            self.balances = self.balances.post(&transaction.entries).unwrap();
        }
        let (versions, transactions, messages) = (self.written.history.len(), self.written.ledger.len(), self.written.messages.len());
        self.seen = Seen { versions, transactions, messages, sequence: self.seen.sequence };
        assert_eq!(self.balances, order.balances, "the ledger and the balances agree");
        self.check_state();
    }

    fn check_state(&self) {
        let order = &self.order;
        let sum =
            |of: fn(&Payment) -> Result<Amount, Overflow>| Amount::sum(order.payments.iter().map(|payment| of(payment).unwrap())).unwrap();
        assert_eq!(sum(Payment::authorized), order.balances.authorized(), "the tenders and the ledger agree on what is set aside");
        assert_eq!(sum(Payment::captured), order.balances.captured(), "and on what is taken");
        assert_eq!(sum(Payment::refundable), order.balances.refundable().unwrap(), "and on what may go back");
        assert_eq!(order.payment_status, payment_status(&order.balances, &order.payments));
        assert_eq!(order.fulfillment_status, fulfillment_status(&order.lines));
        for account in [Account::Captured, Account::Authorized] {
            assert!(!order.balances.of(account).is_negative(), "{account}");
        }
        order.payments.iter().for_each(Self::check_tender);
        for line in &order.lines {
            let units = line.quantities;
            assert!(
                units.ordered >= units.cancelled + units.fulfilled && units.fulfilled >= units.shipped && units.shipped >= units.delivered
            );
            assert!(units.refunded <= units.ordered);
        }
        for once in [MessageType::OrderConfirmed, MessageType::OrderCompleted, MessageType::OrderCancelled, MessageType::OrderExpired] {
            assert!(self.sent(once) <= 1, "{once} twice");
        }
        let quiet = !order.payments.iter().flat_map(|payment| &payment.operations).any(|operation| operation.state.is_open());
        if order.status == OrderStatus::Cancelled {
            assert!(self.written.history.iter().any(|entry| entry.action == "cancellation_requested"));
            assert!(order.stock.status != StockStatus::Reserved && order.balances.due().is_zero(), "{:?}", order.balances);
        }
        if order.status.is_dead() && quiet {
            let with_a_person =
                order.payments.iter().flat_map(|payment| &payment.operations).any(|operation| operation.attention.is_some());
            let level = order.balances.authorized().is_zero() && order.balances.captured() == order.balances.refunded();
            assert!(level || with_a_person || self.was_resolved(), "money is left with a dead order: {:?}", order.balances);
        }
    }

    /// A person may have found that money which should go back never will.
    fn was_resolved(&self) -> bool {
        self.written.history.iter().any(|entry| entry.action == "operation_resolved")
    }

    /// I4: what is asked for, and what came of it unless the payment service did other than it was asked, stays within the tender.
    fn check_tender(tender: &Payment) {
        if tender.operations.iter().any(|operation| operation.conflicted) {
            return;
        }
        assert!(!tender.refundable().unwrap().is_negative(), "more given back than taken: {tender:?}");
        assert!(tender.captured().unwrap() <= tender.amount, "captures exceed the tender: {tender:?}");
    }
}

fn success(amount: Amount, id: OperationId) -> Outcome {
    Outcome::Succeeded { amount, provider_reference: Some(id.to_string()) }
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
        world.sends(world.operations()[0]);
        if captured_first {
            world.captured();
        }
        world.stock(StockAnswer::Rejected);
        if !captured_first {
            world.captured();
        }
        world.check();
        let operations = world.order.payments[0].operations.iter();
        let refunds: Vec<_> = operations.filter(|operation| operation.kind == OperationKind::Refund).collect();
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
    let mut world = World::place(free, &TenantPolicy { stock: false, ..TenantPolicy::default() });
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
