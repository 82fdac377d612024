//! The tenders of an order as callers see them: what was asked of the payment service, and what came of it.

use serde::Serialize;
use utoipa::ToSchema;

use super::order::answer;
use crate::{
    commands::{Answer, Changed, CommandError},
    domain::{
        ids::{OperationId, PaymentId},
        money::Amount,
        order::Order,
        payments::{
            Capture, Operation, OperationKind, OperationState, Payment,
            operation::{Attention, Failure, NextAction},
        },
        schema::PaymentMethod,
        timestamp::Timestamp,
    },
};

/// A tender of an order and what was asked of the payment service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView<'a> {
    id: PaymentId,
    #[schema(value_type = PaymentMethod)]
    method: &'a str,
    capture: Capture,
    amount: Amount,
    operations: Vec<OperationView<'a>>,
}

/// One operation on a payment. `unknown` means that nobody answered yet: the money may have moved or not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentOperation)]
pub struct OperationView<'a> {
    id: OperationId,
    kind: OperationKind,
    status: OperationState,
    amount: Amount,
    #[schema(required)]
    settled_amount: Option<Amount>,
    #[schema(required)]
    provider_reference: Option<&'a str>,
    #[schema(required)]
    failure: Option<&'a Failure>,
    #[schema(required)]
    next_action: Option<&'a NextAction>,
    /// Why a person must look; null when nobody must.
    #[schema(required)]
    attention: Option<Attention>,
    requested_at: Timestamp,
    #[schema(required)]
    settled_at: Option<Timestamp>,
    /// When its success came undone: an authorization that expired, a refund that was reversed.
    #[schema(required)]
    undone_at: Option<Timestamp>,
}

impl<'a> PaymentView<'a> {
    /// Shows a tender.
    pub fn new(payment: &'a Payment) -> Self {
        Self {
            id: payment.id,
            method: &payment.method,
            capture: payment.capture,
            amount: payment.amount,
            operations: payment.operations.iter().map(OperationView::new).collect(),
        }
    }
}

impl<'a> OperationView<'a> {
    fn new(operation: &'a Operation) -> Self {
        Self {
            id: operation.id,
            kind: operation.kind,
            status: operation.state.shown(),
            amount: operation.amount,
            settled_amount: operation.settled_amount,
            provider_reference: operation.provider_reference.as_deref(),
            failure: operation.failure.as_ref(),
            next_action: operation.next_action.as_ref(),
            attention: operation.attention,
            requested_at: operation.requested_at,
            settled_at: operation.settled_at,
            undone_at: operation.undone_at,
        }
    }
}

/// What was asked of the payment service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentOperations)]
pub struct OperationsView<'a> {
    /// The operations that the request made or changed, oldest first.
    operations: Vec<OperationView<'a>>,
}

/// The answer to a capture, a void or a refund: `202` with what was asked of the payment service; its outcomes come later.
///
/// # Errors
/// [`CommandError::Internal`] when the operations cannot be JSON.
pub fn operations_requested(changed: &Changed) -> Result<Answer, CommandError> {
    let operations = changed.order.payments.iter().flat_map(|payment| &payment.operations);
    let asked = operations.filter(|operation| changed.changes.operations.contains(&operation.id));
    answer(202, &changed.order, &OperationsView { operations: asked.map(OperationView::new).collect() })
}

/// The answer to settling an operation: `200` with the operation as it now is.
///
/// # Errors
/// [`CommandError::Internal`] when the order does not have it or it cannot be JSON.
pub fn operation_resolved(changed: &Changed, id: OperationId) -> Result<Answer, CommandError> {
    let operation = changed.order.payments.iter().find_map(|payment| payment.operation(id));
    let operation = operation.ok_or_else(|| CommandError::Internal("the order does not have the operation".into()))?;
    Ok(Answer { etag: None, ..answer(200, &changed.order, &OperationView::new(operation))? })
}

/// The answer to adding a tender: `201` with the tender, the order's last.
///
/// # Errors
/// [`CommandError::Internal`] when the order has no tender or the tender cannot be JSON.
pub fn payment_added(order: &Order) -> Result<Answer, CommandError> {
    let payment = order.payments.last().ok_or_else(|| CommandError::Internal("the order has no payment".into()))?;
    let location = Some(format!("/v1/orders/{}/payments", order.id));
    Ok(Answer { location, ..answer(201, order, &PaymentView::new(payment))? })
}
