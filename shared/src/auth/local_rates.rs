//! Rates of this process alone, for the time without Redis: a tenant then has its rate in each process instead of in all together.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use uuid::Uuid;

use crate::domain::{
    ids::TenantId,
    rate::{Quota, RateClass, Standing, Stream},
};

/// Streams remembered at once. Beyond it those that nothing is due of are forgotten, which changes nothing for them; should that not make
/// room, all are, and everybody has a second's worth again.
const STREAMS_MAX: usize = 20_000;

/// Whose requests: of one key or session, or of the whole tenant.
type Of = (TenantId, Option<Uuid>, RateClass);

pub(super) struct LocalRates {
    began: Instant,
    streams: Mutex<HashMap<Of, Stream>>,
}

impl LocalRates {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), streams: Mutex::default() }
    }

    /// Counts one request of `holder`, a key or a session, if neither it nor its tenant has had too many.
    pub(super) fn admit(&self, tenant: TenantId, holder: Uuid, quota: Quota) -> Standing {
        self.admit_at(tenant, holder, quota, i64::try_from(self.began.elapsed().as_nanos()).unwrap_or(i64::MAX))
    }

    fn admit_at(&self, tenant: TenantId, holder: Uuid, quota: Quota, now_ns: i64) -> Standing {
        let [of_key, of_tenant] = [(tenant, Some(holder), quota.class), (tenant, None, quota.class)];
        // Nothing panics under this lock, and a map of plain values is whole at any time.
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let next = |of: Of, rate| streams.get(&of).copied().unwrap_or(Stream::NEW).next(rate, now_ns);
        let (key, all) = (next(of_key, quota.key), next(of_tenant, quota.tenant));
        let wait = key.wait.max(all.wait);
        let admitted = wait.is_zero();
        if admitted {
            if streams.len() + 2 > STREAMS_MAX {
                streams.retain(|_, stream| stream.is_due_after(now_ns));
            }
            if streams.len() + 2 > STREAMS_MAX {
                streams.clear();
            }
            streams.extend([(of_key, key.stream), (of_tenant, all.stream)]);
        }
        Standing { quota, key_left: key.left, tenant_left: all.left, wait: (!admitted).then_some(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rate::Rate;

    const QUOTA: Quota = Quota { class: RateClass::Reads, key: Rate::new(2), tenant: Rate::new(3) };
    const SECOND_NS: i64 = 1_000_000_000;

    fn tenant(id: u128) -> TenantId {
        TenantId::new(Uuid::from_u128(id))
    }

    #[test]
    fn a_key_and_its_tenant_have_their_rates_and_another_tenant_its_own() {
        let rates = LocalRates::new();
        let admits = |of: u128, holder: u128| rates.admit_at(tenant(of), Uuid::from_u128(holder), QUOTA, 0).wait.is_none();
        assert_eq!([admits(1, 1), admits(1, 1), admits(1, 1)], [true, true, false], "two of one key");
        assert_eq!([admits(1, 2), admits(1, 2)], [true, false], "three of the tenant");
        assert!(admits(2, 1), "another tenant");
        let later = rates.admit_at(tenant(1), Uuid::from_u128(2), QUOTA, SECOND_NS);
        assert_eq!((later.wait, later.key_left, later.tenant_left), (None, 1, 2));
    }

    #[test]
    fn memory_is_bounded() {
        let rates = LocalRates::new();
        for id in 0..STREAMS_MAX as u128 {
            rates.admit_at(tenant(id), Uuid::nil(), QUOTA, 0);
        }
        assert!(rates.streams.lock().unwrap().len() <= STREAMS_MAX);
    }
}
