//! A payment operation as those see it who must settle it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        ids::{OperationId, OrderId, PaymentId, TenantId},
        money::Amount,
        payments::{OperationKind, OperationState, operation::Attention},
        schema::{CurrencyCode, OrderNumber, PaymentMethod},
        timestamp::Timestamp,
    },
    queries::list_payment_operations::UnsettledOperation,
};

/// An operation that a person must settle, and where to look for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnsettledPaymentOperation)]
pub struct UnsettledOperationView<'a> {
    id: OperationId,
    tenant_id: TenantId,
    order_id: OrderId,
    #[schema(value_type = OrderNumber)]
    order_number: String,
    payment_id: PaymentId,
    #[schema(value_type = PaymentMethod)]
    method: &'a str,
    kind: OperationKind,
    status: OperationState,
    /// Why a person must look; null while it is merely unknown and still asked about.
    #[schema(required)]
    attention: Option<Attention>,
    /// What was asked for, in minor units.
    amount: Amount,
    /// What moved.
    #[schema(required)]
    settled_amount: Option<Amount>,
    #[schema(value_type = CurrencyCode)]
    currency: &'a str,
    #[schema(required)]
    provider_reference: Option<&'a str>,
    #[schema(required)]
    failure_code: Option<&'a str>,
    requested_at: Timestamp,
    #[schema(required)]
    settled_at: Option<Timestamp>,
}

impl<'a> UnsettledOperationView<'a> {
    /// Shows one.
    pub fn new(operation: &'a UnsettledOperation) -> Self {
        let (tenant_id, order_id, payment_id) = operation.place();
        Self {
            id: operation.operation(),
            tenant_id,
            order_id,
            order_number: operation.order_number.to_string(),
            payment_id,
            method: &operation.method,
            kind: operation.kind,
            status: operation.state.shown(),
            attention: operation.attention,
            amount: operation.amount,
            settled_amount: operation.settled_amount,
            currency: &operation.currency,
            provider_reference: operation.provider_reference.as_deref(),
            failure_code: operation.failure_code.as_deref(),
            requested_at: operation.requested_at,
            settled_at: operation.settled_at,
        }
    }
}
