//! The bell of a tenant's live views: rung by whoever learns of an event, heard by every process in which somebody follows the tenant.
//!
//! A bell says that there is something to read, and not what. It is rung on a sharded channel (`e:{tenant}`, Redis 7), which belongs to the
//! tenant's slot like its keys; nobody who does not listen hears of it.

use super::{Cache, Unavailable};
use crate::domain::ids::TenantId;

/// What is said; nobody reads it.
const RING: &str = "1";

impl Cache {
    /// Rings.
    ///
    /// # Errors
    /// [`Unavailable`]: nobody has heard it.
    pub async fn ring(&self, tenant: TenantId) -> Result<(), Unavailable> {
        let _heard: i64 = self.query(redis::cmd("SPUBLISH").arg(channel(tenant)).arg(RING)).await?;
        Ok(())
    }
}

/// The channel of a tenant: its hash tag is that of the tenant's keys.
fn channel(tenant: TenantId) -> String {
    format!("e:{{{}}}", tenant.uuid().simple())
}
