//! Order numbers: taken from the database in blocks, so that writers never wait for each other.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use super::CommandError;
use crate::{
    chaos::{self, CrashPoint},
    db::{Database, TenantTx, order_numbers},
    domain::ids::TenantId,
};

/// Numbers a process takes at a time for one tenant. What it does not use is a gap.
const BLOCK: u64 = 50;
/// Tenants whose blocks a process remembers; beyond that it forgets them all, which leaves gaps and nothing worse.
const TENANTS_MAX: usize = 10_000;

/// What is left of a tenant's block. Whoever finds it empty fetches the next one, and the others wait for that one fetch: if each
/// fetched a block of its own they would queue for the tenant's row instead.
type Block = Arc<tokio::sync::Mutex<Range<u64>>>;

/// The blocks that this process holds.
#[derive(Debug, Default)]
pub struct OrderNumbers {
    blocks: Mutex<HashMap<TenantId, Block>>,
}

impl OrderNumbers {
    /// The next number of a tenant: unique, neither dense nor ordered.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] when a new block is needed and PostgreSQL is away.
    pub(super) async fn next(&self, database: &Database, tenant: TenantId) -> Result<u64, CommandError> {
        let block = self.block(tenant);
        let mut left = block.lock().await;
        if let Some(number) = left.next() {
            return Ok(number);
        }
        let first = allot(database, tenant).await?;
        *left = first + 1..first + BLOCK;
        Ok(first)
    }

    fn block(&self, tenant: TenantId) -> Block {
        // Nothing panics under this lock.
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= TENANTS_MAX && !blocks.contains_key(&tenant) {
            blocks.clear();
        }
        Arc::clone(blocks.entry(tenant).or_default())
    }
}

/// Takes a block from the database and answers its first number.
async fn allot(database: &Database, tenant: TenantId) -> Result<u64, CommandError> {
    let block = i64::try_from(BLOCK).map_err(|error| CommandError::Internal(error.into()))?;
    let mut tx = TenantTx::begin(database, tenant).await?;
    let first = order_numbers::order_number_allot(&mut tx, tenant, block).await?;
    tx.commit().await?;
    chaos::point(CrashPoint::NumbersAfterAllotment);
    u64::try_from(first).map_err(|error| CommandError::Internal(error.into()))
}
