//! What an order makes of asking the payment service about an operation that has no outcome yet: it is asked ever more seldom, and after
//! the last question a person must look.

use super::draft::{Draft, Refusal, Timer, TimerKind};
use crate::domain::{
    ids::OperationId,
    messages::{Content, OperationRequested},
    order::status::OrderStatus,
    payments::{operation::Attention, report::OperationReport},
};

/// An operation that was sent on its way and has not settled after this time is asked about.
const UNANSWERED_SECONDS: i64 = 30;
/// Pauses before each question, the first counted from the moment at which the operation became unknown.
const PAUSES_SECONDS: [i64; 7] = [10, 30, 120, 600, 3_600, 21_600, 86_400];

/// What asking came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The service says how far the operation is.
    Report(OperationReport),
    /// The service has never seen it.
    NeverSeen,
    /// Nothing.
    Nothing,
}

impl Draft<'_> {
    /// Applies what asking came to, when `asked` questions were asked before. An operation that the service has never seen is sent again
    /// under its id.
    ///
    /// # Errors
    /// [`Refusal::NotYetKnown`] when this order has no such operation; [`Refusal::Overflow`].
    pub fn reconcile(&mut self, id: OperationId, asked: u32, told: &Told) -> Result<(), Refusal> {
        if let Told::Report(report) = told {
            match self.apply_report(report) {
                // A report that contradicts itself says nothing; the last of them goes to a person.
                Err(Refusal::Contradiction(_)) => {}
                applied => applied?,
            }
        }
        let operation = self.operation(id).ok_or(Refusal::NotYetKnown("operation"))?;
        if !operation.state.is_open() {
            self.clear_timer(question(id));
            self.changes.internal = true;
            return Ok(());
        }
        if *told == Told::NeverSeen {
            self.send_operation(id);
        }
        self.ask_again(id, asked.saturating_add(1))
    }

    /// Sends a requested operation on its way to the payment service, and sets the moment to ask about it.
    pub(super) fn request_operation(&mut self, id: OperationId) {
        self.send_operation(id);
        self.set_timer(question(id), self.now.plus_seconds(UNANSWERED_SECONDS), 0);
    }

    /// Sends an operation on its way, once more if need be: its id is its idempotency key at the payment service.
    fn send_operation(&mut self, id: OperationId) {
        let Some(operation) = self.operation(id) else { return };
        let requested = OperationRequested { operation_id: id, payment_id: operation.payment, order_id: self.order.id };
        self.changes.operations.insert(id);
        self.command(Content::PaymentOperationRequested(requested));
    }

    /// Sets the moment of the next question, when `asked` were asked before.
    pub(super) fn ask_again(&mut self, id: OperationId, asked: u32) -> Result<(), Refusal> {
        let pause = usize::try_from(asked).ok().and_then(|asked| PAUSES_SECONDS.get(asked));
        match pause {
            Some(pause) => {
                self.changes.internal = true;
                self.set_timer(question(id), self.now.plus_seconds(*pause), asked);
                Ok(())
            }
            None => self.stop_asking(id),
        }
    }

    /// After the last question a person is called, once. A customer who does not act is nobody's business, unless an order cannot end
    /// without that.
    fn stop_asking(&mut self, id: OperationId) -> Result<(), Refusal> {
        self.clear_timer(question(id));
        self.changes.internal = true;
        let operation = self.operation(id).ok_or(Refusal::NotYetKnown("operation"))?;
        let waits_for_customer = operation.next_action.is_some() && self.order.status != OrderStatus::Cancelling;
        if waits_for_customer || operation.attention.is_some() {
            return Ok(());
        }
        self.record("payment_unanswered", None);
        self.call_a_person(id, Attention::Unanswered)
    }
}

/// The timer of an operation's next question.
pub(super) const fn question(id: OperationId) -> Timer {
    Timer { kind: TimerKind::PaymentReconcile, subject: id.uuid() }
}
