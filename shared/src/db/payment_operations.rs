//! Payment operations across orders: those that a person must settle. An order's own are loaded and saved with it (`orders`).

use std::collections::BTreeMap;

use sqlx::{Row, types::Json};
use uuid::Uuid;

use super::{Error, TenantTx};
use crate::domain::{
    ids::{OperationId, OrderId, PaymentId, TenantId},
    money::Amount,
    payments::{OperationKind, OperationState, operation::Attention},
    timestamp::Timestamp,
};

/// Where an operation belongs.
#[derive(Debug, Clone, Copy)]
pub struct OperationPlace {
    /// Whose it is.
    pub tenant: TenantId,
    /// Of which order.
    pub order: OrderId,
}

/// Which operations a person wants to see.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnsettledFilter {
    /// Of one tenant.
    pub tenant: Option<TenantId>,
    /// For one reason.
    pub attention: Option<Attention>,
    /// Older than this one.
    pub before: Option<OperationId>,
}

/// An operation that a person must settle, with what they need to know of its order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct UnsettledOperation {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Of which order.
    pub order_id: Uuid,
    /// That order's number.
    pub order_number: u64,
    /// Of which tender.
    pub payment_id: Uuid,
    /// What the payment service calls the tender's method.
    pub method: String,
    /// What was asked.
    pub kind: OperationKind,
    /// How far it has come.
    pub state: OperationState,
    /// Why a person must look; nothing while it is merely unknown.
    pub attention: Option<Attention>,
    /// What was asked for, in minor units of `currency`.
    pub amount: Amount,
    /// What moved.
    pub settled_amount: Option<Amount>,
    /// ISO 4217.
    pub currency: String,
    /// The payment service's reference.
    pub provider_reference: Option<String>,
    /// Why it failed.
    pub failure_code: Option<String>,
    /// When it was decided.
    pub requested_at: Timestamp,
    /// When its definitive answer came.
    pub settled_at: Option<Timestamp>,
}

impl UnsettledOperation {
    /// Its id, typed.
    pub fn operation(&self) -> OperationId {
        OperationId::new(self.id)
    }

    /// Its tenant, order and tender, typed.
    pub fn place(&self) -> (TenantId, OrderId, PaymentId) {
        (TenantId::new(self.tenant_id), OrderId::new(self.order_id), PaymentId::new(self.payment_id))
    }
}

/// Where an operation that waits for a person belongs, of one tenant or of any: the operator sees those of all.
///
/// # Errors
/// Any [`Error`].
pub async fn payment_operation_find_unsettled(
    tx: &mut TenantTx,
    operation: OperationId,
    of: Option<TenantId>,
) -> Result<Option<OperationPlace>, Error> {
    let row: Option<(Uuid, Uuid)> = sqlx::query_as(include_str!("payment_operation_find_unsettled.sql"))
        .bind(operation.uuid())
        .bind(of.map(TenantId::uuid))
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.map(|(tenant, order)| OperationPlace { tenant: TenantId::new(tenant), order: OrderId::new(order) }))
}

/// The operations that a person must settle, newest first, so many at most: found as the operator, and each read behind the wall of its
/// own tenant.
///
/// # Errors
/// Any [`Error`].
pub async fn payment_operation_list_unsettled(
    tx: &mut TenantTx,
    filter: &UnsettledFilter,
    limit: i64,
) -> Result<Vec<UnsettledOperation>, Error> {
    let found: Vec<(Uuid, Uuid)> = sqlx::query_as(include_str!("payment_operation_list_unsettled.sql"))
        .bind(filter.tenant.map(TenantId::uuid))
        .bind(filter.attention.map(Attention::as_str))
        .bind(filter.before.map(OperationId::uuid))
        .bind(limit)
        .fetch_all(tx.connection())
        .await?;
    let mut by_tenant: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (tenant, operation) in &found {
        by_tenant.entry(*tenant).or_default().push(*operation);
    }
    let mut read: BTreeMap<Uuid, UnsettledOperation> = BTreeMap::new();
    for (tenant, operations) in by_tenant {
        tx.act_for(TenantId::new(tenant)).await?;
        let rows = sqlx::query(include_str!("payment_operation_list.sql")).bind(tenant).bind(operations).fetch_all(tx.connection()).await?;
        for row in rows {
            let Json(operation) = row.try_get::<Json<UnsettledOperation>, _>(0)?;
            read.insert(operation.id, operation);
        }
    }
    // One that a person has settled meanwhile is no longer shown.
    Ok(found.iter().filter_map(|(_, id)| read.remove(id)).collect())
}

/// An operation's order, and how far it has come.
///
/// # Errors
/// Any [`Error`].
pub async fn payment_operation_find(
    tx: &mut TenantTx,
    tenant: TenantId,
    operation: OperationId,
) -> Result<Option<(OrderId, OperationState)>, Error> {
    let row: Option<(Uuid, String)> = sqlx::query_as(include_str!("payment_operation_find.sql"))
        .bind(tenant.uuid())
        .bind(operation.uuid())
        .fetch_optional(tx.connection())
        .await?;
    row.map(|(order, state)| Ok((OrderId::new(order), state.parse().map_err(Error::unreadable)?))).transpose()
}
