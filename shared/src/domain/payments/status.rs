//! `payment_status` as a pure function of the ledger and the operations.

use super::{Operation, OperationKind, OperationState, Payment, ledger::Balances};
use crate::domain::order::status::PaymentStatus;

/// The status of an order's money: first match wins.
pub fn payment_status(balances: &Balances, payments: &[Payment]) -> PaymentStatus {
    let operations = || payments.iter().flat_map(|payment| &payment.operations);
    let (due, captured, refunded, authorized) = (balances.due(), balances.captured(), balances.refunded(), balances.authorized());
    let ever_authorized =
        operations().any(|operation| operation.kind == OperationKind::Authorize && operation.state == OperationState::Succeeded);
    if due.is_zero() && captured.is_zero() && authorized.is_zero() {
        return if ever_authorized { PaymentStatus::Voided } else { PaymentStatus::NotRequired };
    }
    if captured.is_positive() {
        return match (refunded >= captured, refunded.is_positive()) {
            (true, _) => PaymentStatus::Refunded,
            (false, true) => PaymentStatus::PartiallyRefunded,
            (false, false) if captured > due => PaymentStatus::Overpaid,
            (false, false) if captured == due => PaymentStatus::Paid,
            (false, false) => PaymentStatus::PartiallyPaid,
        };
    }
    if authorized.is_positive() {
        return if authorized >= due { PaymentStatus::Authorized } else { PaymentStatus::PartiallyAuthorized };
    }
    if operations().any(|operation| operation.state.is_open()) {
        return PaymentStatus::Pending;
    }
    let last: Option<&Operation> = operations().max_by_key(|operation| (operation.settled_at, operation.requested_at));
    if last.is_some_and(|operation| operation.state == OperationState::Failed) { PaymentStatus::Failed } else { PaymentStatus::Unpaid }
}
