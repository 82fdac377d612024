//! Import orders: each line is an order of its own, placed as create-order places it, once for ever by its external reference.
//!
//! A line needs no key of a caller's: its reference is one. It is kept with the order as the key that made it, beside the fingerprint of
//! the line, so that a file that is sent again finds what it has placed however long ago that was, and another line with the same
//! reference is told from the same one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Answer, Claim, CommandError, Context, Executed, Origin, create_order};
use crate::{
    db::{
        TenantTx,
        orders::{self, CreatedOrder},
    },
    domain::{
        ids::{OrderId, TenantId},
        order::{Order, request::OrderRequest},
        policy::TenantPolicy,
    },
};

/// Whose claims they are.
const FUNCTION: &str = "import-orders";

/// One order to import.
#[derive(Debug, Clone)]
pub struct OrderLine {
    /// Its external reference, checked.
    pub reference: String,
    /// SHA-256 over the line as a canonical document.
    pub fingerprint: [u8; 32],
    /// The order.
    pub request: OrderRequest,
}

impl OrderLine {
    /// The key under which it takes effect. No caller's key has a space in it, so none is ever taken for a line's.
    fn key(&self) -> String {
        format!("import {}", self.reference)
    }
}

/// An order that a line placed, now or before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Its id.
    pub id: OrderId,
    /// For people.
    pub number: u64,
    /// The line came again.
    #[serde(skip)]
    pub known: bool,
}

/// Orders that earlier imports placed, by the keys of their lines.
#[derive(Debug, Default)]
pub struct Known(HashMap<String, CreatedOrder>);

impl Known {
    /// What is known of a line: nothing, its order, or that its reference belongs to another line.
    ///
    /// # Errors
    /// [`CommandError::DuplicateExternalReference`]; [`CommandError::Internal`] for a stored number that is none.
    pub fn of(&self, line: &OrderLine) -> Result<Option<Imported>, CommandError> {
        let Some(order) = self.0.get(&line.key()) else { return Ok(None) };
        if order.fingerprint != line.fingerprint {
            return Err(CommandError::DuplicateExternalReference { order: order.id });
        }
        let number = u64::try_from(order.number).map_err(|error| CommandError::Internal(error.into()))?;
        Ok(Some(Imported { id: order.id, number, known: true }))
    }
}

/// Looks up which lines were imported before, all of them in one statement: of a file that is sent again most were.
///
/// # Errors
/// A store's failures.
pub async fn known(context: &Context, tenant: TenantId, lines: impl IntoIterator<Item = &OrderLine>) -> Result<Known, CommandError> {
    find(context, tenant, lines.into_iter().map(OrderLine::key).collect()).await
}

async fn find(context: &Context, tenant: TenantId, keys: Vec<String>) -> Result<Known, CommandError> {
    if keys.is_empty() {
        return Ok(Known::default());
    }
    let mut tx = TenantTx::begin(&context.database, tenant).await?;
    let found = orders::order_find_by_create_keys(&mut tx, tenant, &keys).await;
    tx.rollback().await;
    Ok(Known(found?.into_iter().collect()))
}

/// Places the order of a line that [`known`] did not find. Somebody else may have imported it meanwhile, and then it is known after all.
///
/// # Errors
/// [`CommandError::DuplicateExternalReference`] when the reference names an order that was placed otherwise, or by another line;
/// everything that [`create_order::execute`] refuses.
pub async fn execute(context: &Context, origin: &Origin, policy: &TenantPolicy, line: OrderLine) -> Result<Imported, CommandError> {
    let key = line.key();
    let claim = Claim::Idempotency { function: FUNCTION, key: key.clone(), fingerprint: line.fingerprint };
    let origin = Origin { claim, ..origin.clone() };
    match create_order::execute(context, &origin, policy, line.request, &rendered).await {
        Ok(Executed { answer, replayed }) => {
            let imported: Imported = serde_json::from_str(&answer.body).map_err(|error| CommandError::Internal(error.into()))?;
            Ok(Imported { known: replayed, ..imported })
        }
        // Of a line the caller knows the reference, not the key.
        Err(CommandError::IdempotencyKeyReused) => {
            let known = find(context, origin.tenant, vec![key.clone()]).await?;
            let order = known.0.get(&key).map(|order| order.id).ok_or(CommandError::IdempotencyInProgress)?;
            Err(CommandError::DuplicateExternalReference { order })
        }
        Err(error) => Err(error),
    }
}

/// What is kept with a line's effect: not the whole order, which nobody asked for.
fn rendered(order: &Order) -> Result<Answer, CommandError> {
    let imported = Imported { id: order.id, number: order.number, known: false };
    let body = serde_json::to_string(&imported).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Answer { status: 201, location: None, etag: None, body })
}
