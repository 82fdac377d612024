//! Orders as readers were shown them: `o:{tenant}:order`, a hash of the newest known `version` and the views that were made of it.
//!
//! A view comes in by read-through and only if nothing newer is known; a change makes what is there outdated. So a reader is behind for as
//! long as both reports of a change are lost, at most the time that a view is kept.

use std::{sync::LazyLock, time::Duration};

use redis::{FromRedisValue, Value};

use super::{Cache, Unavailable, script::Script, tag};
use crate::{
    domain::ids::{OrderId, TenantId},
    secrets,
};

/// How long a view is kept, give or take [`JITTER`].
const TTL: Duration = Duration::from_secs(30);
/// A fifth of it: what was kept together does not go together.
const JITTER: u32 = 5;

static KEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("order_keep.lua")));
static OUTDATE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("order_outdate.lua")));

/// A view of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub order: OrderId,
    /// What is shown of it: one of the few names that its maker gives to its views.
    pub view: &'static str,
}

impl OrderKey {
    /// Its order's name in Redis.
    pub(super) fn name(&self) -> String {
        name(self.tenant, self.order)
    }
}

fn name(tenant: TenantId, order: OrderId) -> String {
    format!("o:{}:{}", tag(tenant), order.uuid().simple())
}

/// A view that was kept: nobody reads it without the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedView {
    /// The version it shows.
    pub version: u64,
    /// The view.
    pub sealed: Vec<u8>,
}

impl SealedView {
    /// From what HMGET answers; nothing when one of the two is missing.
    pub(super) fn read(found: Value) -> Option<Self> {
        let (version, sealed) = FromRedisValue::from_redis_value(found).ok()?;
        let (version, sealed): (Option<u64>, Option<Vec<u8>>) = (version, sealed);
        Some(Self { version: version?, sealed: sealed? })
    }
}

impl Cache {
    /// Keeps a view, unless a newer version of its order is known.
    ///
    /// # Errors
    /// [`Unavailable`]: it is not kept, which costs the next reader a look into PostgreSQL.
    pub async fn order_keep(&self, key: OrderKey, view: &SealedView) -> Result<(), Unavailable> {
        let mut call = KEEP.call(&[key.name()]);
        call.arg(view.version).arg(key.view).arg(&view.sealed).arg(ttl_ms());
        self.run(key.tenant, &KEEP, &call).await
    }

    /// Makes every view of these orders that is older than their version go.
    ///
    /// # Errors
    /// [`Unavailable`]: readers may see an older one for as long as it is kept.
    pub async fn orders_outdate(&self, tenant: TenantId, versions: &[(OrderId, u64)]) -> Result<(), Unavailable> {
        let names: Vec<_> = versions.iter().map(|(order, _)| name(tenant, *order)).collect();
        let mut call = OUTDATE.call(&names);
        call.arg(ttl_ms());
        for (_, version) in versions {
            call.arg(version);
        }
        self.run(tenant, &OUTDATE, &call).await
    }
}

/// Somewhere around [`TTL`].
fn ttl_ms() -> u64 {
    let spread = TTL / JITTER;
    let drawn = u32::from(u16::from_le_bytes(secrets::random()));
    let ttl = TTL - spread + 2 * spread * drawn / u32::from(u16::MAX);
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_kept_for_different_times_around_half_a_minute() {
        let drawn: Vec<_> = (0..1_000).map(|_| ttl_ms()).collect();
        let (least, most) = (*drawn.iter().min().unwrap(), *drawn.iter().max().unwrap());
        assert!((24_000..26_000).contains(&least) && (34_000..=36_000).contains(&most), "{least}–{most}");
    }
}
