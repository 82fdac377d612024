//! How many follow just now, and through which function.

use tokio::time::Instant;

use crate::telemetry::metrics::LIVE_FOLLOWERS;

/// Counts as open from its making to its drop.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) function: &'static str,
    pub(super) since: Instant,
}

impl Open {
    pub(super) fn new(function: &'static str) -> Self {
        metrics::gauge!(LIVE_FOLLOWERS, "function" => function).increment(1);
        Self { function, since: Instant::now() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!(LIVE_FOLLOWERS, "function" => self.function).decrement(1);
    }
}
