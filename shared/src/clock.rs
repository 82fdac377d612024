//! Time and fresh ids for the process: the only place where the service reads a clock or draws randomness for the domain.

use uuid::{NoContext, Uuid};

use crate::domain::{ids::NewIds, timestamp::Timestamp};

/// The wall clock, in microseconds: what every stored timestamp is taken from (never `now()` in SQL).
pub fn now() -> Timestamp {
    Timestamp::from_microsecond(jiff::Timestamp::now().as_microsecond())
}

/// Draws UUIDv7 ids stamped with one moment, so that an id and the `created_at` beside it never disagree.
#[derive(Debug, Clone, Copy)]
pub struct IdsAt(Timestamp);

impl IdsAt {
    /// Ids of this moment.
    pub fn new(now: Timestamp) -> Self {
        Self(now)
    }
}

impl NewIds for IdsAt {
    fn next_uuid(&mut self) -> Uuid {
        let (seconds, nanoseconds) = self.0.unix_parts();
        Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
    }
}
