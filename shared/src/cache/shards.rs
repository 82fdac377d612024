//! One breaker for each part of Redis that can fail by itself: whoever's shard is away is spared the wait, everybody else notices nothing.

use std::time::Duration;

use crate::{breaker::Breaker, domain::ids::TenantId};

/// Failures in a row after which a shard is not asked for a while.
const FAILURES_TO_OPEN: u32 = 3;

/// How long it is not asked; then one caller tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// Slots of a cluster.
const SLOTS: usize = 16_384;

/// Neighbouring slots that share a breaker. A shard holds ranges of slots, so 64 breakers tell shards apart well enough, however many there
/// are and wherever they move.
const SLOTS_A_BREAKER: usize = 256;

pub(super) struct Shards(Vec<Breaker>);

impl Shards {
    /// One server: it answers for everybody or for nobody.
    pub(super) fn single() -> Self {
        Self::with(1)
    }

    pub(super) fn of_a_cluster() -> Self {
        Self::with(SLOTS / SLOTS_A_BREAKER)
    }

    fn with(count: usize) -> Self {
        Self((0..count).map(|_| Breaker::new(FAILURES_TO_OPEN, PAUSE)).collect())
    }

    /// The breaker of the shard that holds this tenant's keys.
    pub(super) fn breaker(&self, tenant: TenantId) -> &Breaker {
        &self.0[slot(tenant) / SLOTS_A_BREAKER % self.0.len()]
    }

    pub(super) fn all_closed(&self) -> bool {
        self.0.iter().all(Breaker::is_closed)
    }
}

/// The slot of a tenant's hash tag (Redis Cluster specification, "Hash tags").
fn slot(tenant: TenantId) -> usize {
    let mut text = uuid::Uuid::encode_buffer();
    let text = tenant.uuid().as_simple().encode_lower(&mut text);
    usize::from(crc16::State::<crc16::XMODEM>::calculate(text.as_bytes())) % SLOTS
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_slot_is_that_of_the_specification() {
        // CLUSTER KEYSLOT '{00000000000000000000000000000000}'
        assert_eq!(slot(TenantId::OPERATOR), 15_376);
    }

    #[test]
    fn a_shard_that_fails_is_spared_and_the_others_are_not() {
        let shards = Shards::of_a_cluster();
        let tenants: Vec<_> = (0..1_000).map(|id| TenantId::new(Uuid::from_u128(id))).collect();
        for _ in 0..FAILURES_TO_OPEN {
            shards.breaker(tenants[0]).failed();
        }
        let spared = tenants.iter().filter(|tenant| !shards.breaker(**tenant).is_closed()).count();
        assert!(!shards.all_closed() && (1..100).contains(&spared), "{spared}");
    }
}
