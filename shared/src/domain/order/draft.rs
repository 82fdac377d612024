//! An order under change. Everything that must commit together with its new state is collected here.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    Order,
    actions::NotAllowed,
    status::OrderStatus,
    transitions::{self, Trigger},
};
use crate::domain::{
    fulfilment,
    ids::{EventId, FulfillmentId, NewIds, OperationId, PaymentId},
    invalid::FieldError,
    messages::{Changed, Content, Message, OrderSnapshot, Updated},
    money::{Amount, Overflow},
    payments::{
        ledger::{self, Entry, Fact},
        status::payment_status,
    },
    text_enum::text_enum,
    timestamp::Timestamp,
};

/// Why the domain refuses a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The table has no such row, or its guard does not hold.
    #[error("an order that is {from} cannot take {trigger}")]
    IllegalTransition {
        /// The status it is in.
        from: OrderStatus,
        /// What was to happen.
        trigger: Trigger,
    },
    /// A caller asked for what the order does not allow now.
    #[error("{} is not allowed", .0.action)]
    NotAllowed(Box<NotAllowed>),
    /// A caller asked for more than there is.
    #[error(transparent)]
    Exceeds(Exceeded),
    /// A person wants to settle what needs no settling.
    #[error("{0}")]
    NothingToSettle(&'static str),
    /// A caller asked for something that this order gives no room for.
    #[error("the request does not fit the order")]
    Invalid(Vec<FieldError>),
    /// It speaks of something that this order does not have (yet).
    #[error("{0} is not known yet")]
    NotYetKnown(&'static str),
    /// It contradicts itself or what it speaks of.
    #[error("{0}")]
    Contradiction(String),
    /// Money left its range.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

text_enum! {
    /// What a caller can ask too much of.
    Limit {
        /// Money that is set aside and that nobody takes yet.
        Capturable = "capturable",
        /// Money that was taken and has not gone back.
        Refundable = "refundable",
        /// Units of a line.
        Quantity = "quantity",
    }
}

/// More was asked for than there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{asked} exceeds the {available} of {limit}")]
pub struct Exceeded {
    /// More of what.
    pub limit: Limit,
    /// Where in the body it says so.
    pub pointer: String,
    /// How much was asked for.
    pub asked: i64,
    /// How much there is.
    pub available: i64,
}

impl Refusal {
    /// More money than there is.
    pub(super) fn exceeds(limit: Limit, pointer: impl Into<String>, asked: Amount, available: Amount) -> Self {
        Self::Exceeds(Exceeded { limit, pointer: pointer.into(), asked: asked.minor_units(), available: available.minor_units() })
    }

    /// More units than there are.
    pub(super) fn exceeds_quantity(pointer: impl Into<String>, asked: u32, available: u32) -> Self {
        Self::Exceeds(Exceeded { limit: Limit::Quantity, pointer: pointer.into(), asked: asked.into(), available: available.into() })
    }
}

/// One history row: one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The version that it made.
    pub version: u64,
    /// What happened: `created`, `payment_captured`, …
    pub action: &'static str,
    /// Before; nothing at creation.
    pub from: Option<OrderStatus>,
    /// After.
    pub to: OrderStatus,
    /// A stable reason code, if there is one.
    pub reason: Option<String>,
}

/// One transaction of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTransaction {
    /// Its id.
    pub id: Uuid,
    /// Why.
    pub fact: Fact,
    /// The operation that moved the money, if one did.
    pub operation: Option<OperationId>,
    /// Its sides; they sum to zero.
    pub entries: Vec<Entry>,
}

text_enum! {
    /// The deadlines that a change sets or clears.
    TimerKind {
        /// When an unpaid order expires. Subject: the order.
        PaymentDeadline = "payment_deadline",
        /// When to ask what became of an operation. Subject: the operation.
        PaymentReconcile = "payment_reconcile",
    }
}

/// A deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// Which.
    pub kind: TimerKind,
    /// The order or operation it belongs to.
    pub subject: Uuid,
}

/// A deadline and its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerSet {
    /// Which.
    pub timer: Timer,
    /// When it is due.
    pub due_at: Timestamp,
    /// How often it was due before without an end.
    pub attempts: u32,
}

/// What must be written beside the order's own row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// New versions.
    pub history: Vec<HistoryEntry>,
    /// New postings.
    pub ledger: Vec<LedgerTransaction>,
    /// New messages, in the order in which they must leave.
    pub messages: Vec<Message>,
    /// Tenders that are new, in order.
    pub new_payments: Vec<PaymentId>,
    /// Operations that are new or changed.
    pub operations: BTreeSet<OperationId>,
    /// Fulfilments that are new or changed.
    pub fulfillments: BTreeSet<FulfillmentId>,
    /// Tenders whose token is of no more use.
    pub spent_tokens: BTreeSet<PaymentId>,
    /// Deadlines to set, each once.
    pub timers_set: Vec<TimerSet>,
    /// Deadlines that no longer matter.
    pub timers_cleared: Vec<Timer>,
    /// Something changed that is no version: bookkeeping that callers never see.
    pub internal: bool,
}

impl Changes {
    /// Nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.history.is_empty() && !self.internal
    }
}

/// An order under change.
pub struct Draft<'a> {
    pub(super) order: Order,
    pub(super) changes: Changes,
    pub(super) now: Timestamp,
    ids: &'a mut dyn NewIds,
}

impl<'a> Draft<'a> {
    /// Begins to change an order at this moment.
    pub fn new(order: Order, now: Timestamp, ids: &'a mut dyn NewIds) -> Self {
        Self { order, changes: Changes::default(), now, ids }
    }

    /// The order as it now is.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The new state and everything to write beside it.
    pub fn finish(self) -> (Order, Changes) {
        (self.order, self.changes)
    }

    pub(super) fn next_uuid(&mut self) -> Uuid {
        self.ids.next_uuid()
    }

    /// Makes a version without a change of status.
    pub(super) fn record(&mut self, action: &'static str, reason: Option<String>) {
        let status = self.order.status;
        self.version(action, Some(status), reason);
    }

    /// Takes a row of the transition table: one version.
    pub(super) fn take(&mut self, trigger: Trigger, reason: Option<String>) -> Result<(), Refusal> {
        let from = self.order.status;
        let row = transitions::find(from, trigger).ok_or(Refusal::IllegalTransition { from, trigger })?;
        if !row.guard.holds(&self.order)? {
            return Err(Refusal::IllegalTransition { from, trigger });
        }
        self.order.status = row.to;
        self.version(trigger.as_str(), Some(from), reason);
        Ok(())
    }

    pub(super) fn version(&mut self, action: &'static str, from: Option<OrderStatus>, reason: Option<String>) {
        self.order.version += 1;
        self.order.updated_at = self.now;
        self.order.payment_status = payment_status(&self.order.balances, &self.order.payments);
        self.order.fulfillment_status = fulfilment::fulfillment_status(&self.order.lines);
        self.changes.history.push(HistoryEntry { version: self.order.version, action, from, to: self.order.status, reason });
    }

    /// Posts a fact to the ledger.
    pub(super) fn post(&mut self, fact: Fact, amount: Amount, released: Amount, operation: Option<OperationId>) -> Result<(), Overflow> {
        let entries = ledger::entries(fact, amount, released);
        if entries.is_empty() {
            return Ok(());
        }
        self.order.balances = self.order.balances.post(&entries)?;
        let id = self.next_uuid();
        self.changes.ledger.push(LedgerTransaction { id, fact, operation, entries });
        Ok(())
    }

    /// Publishes an event, beside the snapshot of the order that every event carries. Call it after the version it speaks of was made.
    pub(super) fn publish(&mut self, event: Content) -> Result<(), Overflow> {
        let snapshot = self.snapshot()?;
        self.order.event_sequence += 1;
        self.send(Some((self.order.event_sequence, snapshot)), event);
        Ok(())
    }

    /// Publishes that something changed that has no event of its own.
    pub(super) fn publish_updated(&mut self, changed: Changed, reason: Option<String>) -> Result<(), Overflow> {
        self.publish(Content::OrderUpdated(Updated { changed: vec![changed], reason }))
    }

    /// Sends a command.
    pub(super) fn command(&mut self, command: Content) {
        self.send(None, command);
    }

    /// Sets a deadline, or moves it. The last word on a deadline counts.
    pub(super) fn set_timer(&mut self, timer: Timer, due_at: Timestamp, attempts: u32) {
        self.forget_timer(timer);
        self.changes.timers_set.push(TimerSet { timer, due_at, attempts });
    }

    /// A deadline that no longer matters.
    pub(super) fn clear_timer(&mut self, timer: Timer) {
        self.forget_timer(timer);
        self.changes.timers_cleared.push(timer);
    }

    /// What this change said of a deadline so far.
    fn forget_timer(&mut self, timer: Timer) {
        self.changes.timers_set.retain(|set| set.timer != timer);
        self.changes.timers_cleared.retain(|cleared| *cleared != timer);
    }

    fn send(&mut self, told: Option<(u64, OrderSnapshot)>, content: Content) {
        let id = EventId::new(self.next_uuid());
        let (order, order_version) = (self.order.id, self.order.version);
        let (sequence, snapshot) = told.unzip();
        self.changes.messages.push(Message { id, order, order_version, sequence, snapshot, content });
    }

    fn snapshot(&self) -> Result<OrderSnapshot, Overflow> {
        let order = &self.order;
        Ok(OrderSnapshot {
            id: order.id,
            number: order.number.to_string(),
            external_reference: order.external_reference.clone(),
            version: order.version,
            status: order.status,
            payment_status: order.payment_status,
            fulfillment_status: order.fulfillment_status,
            currency: order.currency,
            totals: order.totals()?,
        })
    }
}
