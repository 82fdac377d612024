//! Order numbers: taken from the database in blocks, so that writers never wait for each other.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use super::CommandError;
use crate::{
    db::{Database, TenantTx, order_numbers},
    domain::ids::TenantId,
};

/// Numbers a process takes at a time for one tenant. What it does not use is a gap.
const BLOCK: u64 = 50;
/// Tenants whose blocks a process remembers; beyond that it forgets them all, which leaves gaps and nothing worse.
const TENANTS_MAX: usize = 10_000;

/// The blocks that this process holds.
#[derive(Debug, Default)]
pub struct OrderNumbers {
    blocks: Mutex<HashMap<TenantId, Range<u64>>>,
}

impl OrderNumbers {
    /// The next number of a tenant: unique, neither dense nor ordered.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] when a new block is needed and PostgreSQL is away.
    pub(super) async fn next(&self, database: &Database, tenant: TenantId) -> Result<u64, CommandError> {
        if let Some(number) = self.take(tenant) {
            return Ok(number);
        }
        let mut tx = TenantTx::begin(database, tenant).await?;
        let block = i64::try_from(BLOCK).map_err(|error| CommandError::Internal(error.into()))?;
        let first = order_numbers::order_number_allot(&mut tx, tenant, block).await?;
        tx.commit().await?;
        let first = u64::try_from(first).map_err(|error| CommandError::Internal(error.into()))?;
        self.keep(tenant, first + 1..first + BLOCK);
        Ok(first)
    }

    fn take(&self, tenant: TenantId) -> Option<u64> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&tenant)?.next()
    }

    /// Keeps the rest of a block, unless another request has brought one at the same time: its rest is larger or as good.
    fn keep(&self, tenant: TenantId, rest: Range<u64>) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= TENANTS_MAX {
            blocks.clear();
        }
        let block = blocks.entry(tenant).or_insert(0..0);
        if block.is_empty() {
            *block = rest;
        }
    }
}
