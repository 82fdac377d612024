//! A circuit breaker: when a partner fails again and again, calls fail at once for a while instead of each waiting for its deadline.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Failures in a row that open it.
const FAILURES_TO_OPEN: u32 = 5;
/// How long it stays open; then calls go through again, and the first failure opens it anew.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// The breaker of one partner.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures_in_a_row: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether a call may be made at `now`.
    pub(super) fn allows(&self, now: Instant) -> bool {
        self.state().open_until.is_none_or(|until| now >= until)
    }

    /// The partner answered.
    pub(super) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// The partner did not answer, or answered that it cannot.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.state();
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        if state.failures_in_a_row >= FAILURES_TO_OPEN {
            state.open_until = Some(now + OPEN_FOR);
        }
    }

    /// Both fields are plain values, so a panic of another holder leaves nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_five_failures_in_a_row_and_lets_calls_through_after_a_while() {
        let breaker = Breaker::default();
        let now = Instant::now();
        for _ in 0..4 {
            breaker.failed(now);
        }
        breaker.succeeded();
        for _ in 0..4 {
            breaker.failed(now);
        }
        assert!(breaker.allows(now));
        breaker.failed(now);
        assert!(!breaker.allows(now));
        assert!(breaker.allows(now + OPEN_FOR));
        breaker.failed(now + OPEN_FOR);
        assert!(!breaker.allows(now + OPEN_FOR));
    }
}
