//! What callers may do with an order, and why not: the guard of each command, shown to callers as `allowed_actions`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Order,
    draft::{Draft, Refusal},
    hold::{self, Blocked},
    status::OrderStatus,
};
use crate::domain::{
    money::{Amount, Overflow},
    payments::OperationKind,
    text_enum::text_enum,
};

/// Tenders of one order, the failed ones included; a further one is refused.
pub const PAYMENTS_MAX: usize = 50;

text_enum! {
    /// What a caller can ask of an order.
    Action {
        /// Cancel it whole.
        Cancel = "cancel",
        /// Add a tender.
        AddPayment = "add_payment",
    }
}

text_enum! {
    /// Why an action is not allowed just now.
    Obstacle {
        /// The order has come to its end: completed, cancelled, expired or rejected.
        OrderEnded = "order_ended",
        /// A cancellation is under way.
        Cancelling = "cancelling",
        /// The order is confirmed: its goods may be on their way.
        Confirmed = "confirmed",
        /// A hold blocks it.
        OnHold = "on_hold",
        /// Everything due is paid, or on its way.
        NothingDue = "nothing_due",
        /// It has as many tenders as an order may have.
        TooManyPayments = "too_many_payments",
    }
}

/// An action and whether it may be asked for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AllowedAction {
    /// What.
    pub action: Action,
    /// Whether it would be accepted.
    pub allowed: bool,
    /// Why not; empty when it is allowed.
    pub reasons: Vec<Obstacle>,
}

impl Order {
    /// Every action, in the order of declaration.
    ///
    /// # Errors
    /// [`Overflow`]; cannot happen for an order that was placed.
    pub fn allowed_actions(&self) -> Result<Vec<AllowedAction>, Overflow> {
        let judged = Action::ALL.iter().map(|&action| {
            let reasons = self.obstacles(action)?;
            Ok(AllowedAction { action, allowed: reasons.is_empty(), reasons })
        });
        judged.collect()
    }

    /// What may still be asked of the customer: what is owed and neither set aside nor on its way.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn open_due(&self) -> Result<Amount, Overflow> {
        let operations = self.payments.iter().flat_map(|payment| &payment.operations);
        let incoming = operations
            .filter(|operation| operation.state.is_open() && matches!(operation.kind, OperationKind::Authorize | OperationKind::Capture));
        let incoming = Amount::sum(incoming.map(|operation| operation.amount))?;
        self.balances.balance_due().minus(self.balances.authorized())?.minus(incoming)
    }

    fn obstacles(&self, action: Action) -> Result<Vec<Obstacle>, Overflow> {
        let mut obstacles: Vec<Obstacle> = self.obstacle_of_status().into_iter().collect();
        let blocked = match action {
            Action::Cancel => Blocked::Cancel,
            // A tender takes money as soon as it is added.
            Action::AddPayment => Blocked::Capture,
        };
        if hold::is_blocked(&self.holds, blocked) {
            obstacles.push(Obstacle::OnHold);
        }
        if action == Action::AddPayment && obstacles.is_empty() {
            if !self.open_due()?.is_positive() {
                obstacles.push(Obstacle::NothingDue);
            }
            if self.payments.len() >= PAYMENTS_MAX {
                obstacles.push(Obstacle::TooManyPayments);
            }
        }
        Ok(obstacles)
    }

    /// Before it is confirmed an order can be cancelled and paid; afterwards neither.
    fn obstacle_of_status(&self) -> Option<Obstacle> {
        match self.status {
            OrderStatus::Pending | OrderStatus::AwaitingPayment => None,
            OrderStatus::Confirmed | OrderStatus::Processing => Some(Obstacle::Confirmed),
            OrderStatus::Cancelling => Some(Obstacle::Cancelling),
            OrderStatus::Completed | OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Rejected => Some(Obstacle::OrderEnded),
        }
    }
}

impl Draft<'_> {
    /// Lets an action pass, or refuses it with everything that is allowed instead.
    pub(super) fn guard(&self, action: Action) -> Result<(), Refusal> {
        let obstacles = self.order.obstacles(action)?;
        if obstacles.is_empty() {
            return Ok(());
        }
        Err(Refusal::NotAllowed { action, on_hold: obstacles == [Obstacle::OnHold], allowed_actions: self.order.allowed_actions()? })
    }
}
