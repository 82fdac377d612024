//! Payments (tenders), the operations on them and the double-entry ledger of an order.

pub mod books;
pub mod ledger;
pub mod news;
pub mod operation;
pub mod report;
pub mod status;

use crate::domain::{
    ids::{OperationId, PaymentId},
    money::{Amount, Overflow},
    text_enum::text_enum,
};

pub use self::operation::{Operation, OperationKind, OperationState};

text_enum! {
    /// When a tender's money is taken.
    Capture {
        /// At once: one capture operation without a prior authorization.
        Automatic = "automatic",
        /// Authorized now, captured by a call of its own.
        Manual = "manual",
    }
}

/// One tender of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Its place among the order's tenders, from 0.
    pub position: u32,
    /// What the payment service calls the method: `card`.
    pub method: String,
    /// When the money is taken.
    pub capture: Capture,
    /// How much it may take at most.
    pub amount: Amount,
    /// What was asked of the payment service, oldest first.
    pub operations: Vec<Operation>,
}

impl Payment {
    /// Sum of the captures that succeeded.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn captured(&self) -> Result<Amount, Overflow> {
        self.settled(OperationKind::Capture)
    }

    /// What a refund may still take from this tender: captured − refunded − refunds that are still open.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn refundable(&self) -> Result<Amount, Overflow> {
        let open = self.operations.iter().filter(|operation| operation.kind == OperationKind::Refund && operation.state.is_open());
        let pending = Amount::sum(open.map(|operation| operation.amount))?;
        self.captured()?.minus(self.settled(OperationKind::Refund)?)?.minus(pending)
    }

    /// The reference under which the payment service knows the captured money.
    pub fn capture_reference(&self) -> Option<&str> {
        let captures = self.operations.iter().filter(|operation| operation.kind == OperationKind::Capture);
        captures.filter_map(|operation| operation.provider_reference.as_deref()).next_back()
    }

    fn settled(&self, kind: OperationKind) -> Result<Amount, Overflow> {
        Amount::sum(self.operations.iter().filter(|operation| operation.kind == kind).filter_map(|operation| operation.settled_amount))
    }

    /// The operation of this id.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}
