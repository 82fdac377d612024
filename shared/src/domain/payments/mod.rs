//! Payments (tenders), the operations on them and the double-entry ledger of an order.

pub mod books;
pub mod ledger;
pub mod news_type;
pub mod operation;
pub mod report;
pub mod status;
pub mod steps;

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

    /// Set aside, alive: what was authorized and has been neither captured nor let go, and has not expired.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn authorized(&self) -> Result<Amount, Overflow> {
        let used = self.captured()?.plus(self.settled(OperationKind::Void)?)?;
        Ok(self.settled(OperationKind::Authorize)?.minus(used)?.max(Amount::ZERO))
    }

    /// What a capture may still take: what is set aside, within the tender, less the captures that are under way; nothing once it is
    /// being let go.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn capturable(&self) -> Result<Amount, Overflow> {
        if self.has_open(OperationKind::Void) {
            return Ok(Amount::ZERO);
        }
        let within = self.authorized()?.min(self.amount.minus(self.captured()?)?);
        Ok(within.minus(self.open(OperationKind::Capture)?)?.max(Amount::ZERO))
    }

    /// What this tender gives the order for sure: taken and neither gone back nor on its way back, and set aside and not being let go.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn secured(&self) -> Result<Amount, Overflow> {
        let aside = if self.has_open(OperationKind::Void) { Amount::ZERO } else { self.authorized()? };
        self.refundable()?.plus(aside)
    }

    /// What may still come of this tender: its first operation is under way and its money is wanted.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn incoming(&self) -> Result<Amount, Overflow> {
        let wanted = self.operations.iter().filter(|operation| operation.brings_money(self.capture) && !operation.reverse_on_success);
        Amount::sum(wanted.filter(|operation| operation.state.is_open()).map(|operation| operation.amount))
    }

    /// What a refund may still take from this tender: captured − refunded − refunds that are still open.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn refundable(&self) -> Result<Amount, Overflow> {
        self.captured()?.minus(self.settled(OperationKind::Refund)?)?.minus(self.open(OperationKind::Refund)?)
    }

    /// The reference under which the payment service knows the money that an operation of this kind continues.
    pub fn reference_for(&self, kind: OperationKind) -> Option<&str> {
        let continued = match kind {
            OperationKind::Authorize => return None,
            OperationKind::Capture | OperationKind::Void => OperationKind::Authorize,
            OperationKind::Refund => OperationKind::Capture,
        };
        let earlier = self.operations.iter().filter(|operation| operation.kind == continued);
        earlier.filter_map(|operation| operation.provider_reference.as_deref()).next_back()
    }

    /// Whether an operation of this kind is under way.
    pub fn has_open(&self, kind: OperationKind) -> bool {
        self.operations.iter().any(|operation| operation.kind == kind && operation.state.is_open())
    }

    /// The operation of this id.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// Whether what was moved and may still be moved by operations of this kind is more than the tender gives.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn exceeds(&self, kind: OperationKind) -> Result<bool, Overflow> {
        match kind {
            OperationKind::Capture => Ok(self.captured()?.plus(self.open(OperationKind::Capture)?)? > self.amount),
            OperationKind::Refund => Ok(self.refundable()?.is_negative()),
            OperationKind::Authorize | OperationKind::Void => Ok(false),
        }
    }

    /// An operation of this kind that was decided and never sent.
    pub fn unsent(&self, kind: OperationKind) -> Option<OperationId> {
        let mut unsent = self.operations.iter().filter(|operation| operation.kind == kind && operation.state == OperationState::Requested);
        unsent.next().map(|operation| operation.id)
    }

    /// What operations of a kind have moved and nobody brought back.
    fn settled(&self, kind: OperationKind) -> Result<Amount, Overflow> {
        let lasting = self.operations.iter().filter(|operation| operation.kind == kind && operation.undone_at.is_none());
        Amount::sum(lasting.filter_map(|operation| operation.settled_amount))
    }

    /// What operations of a kind that are under way may move.
    fn open(&self, kind: OperationKind) -> Result<Amount, Overflow> {
        let open = self.operations.iter().filter(|operation| operation.kind == kind && operation.state.is_open());
        Amount::sum(open.map(|operation| operation.amount))
    }
}
