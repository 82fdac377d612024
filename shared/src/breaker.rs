//! A small circuit breaker: after a few failures in a row callers stop waiting, and one probe after each pause asks again.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Admits everyone while closed, one caller a pause while open.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures_to_open: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    failures_in_a_row: u32,
    /// When the next probe may go; meaningful only while open.
    next_probe: Instant,
}

impl Breaker {
    /// Closed. So many failures in a row open it (fewer are taken for bad luck); then it admits one probe after each pause.
    pub(crate) fn new(failures_to_open: u32, pause: Duration) -> Self {
        Self { failures_to_open, pause, state: Mutex::new(State { failures_in_a_row: 0, next_probe: Instant::now() }) }
    }

    /// Whether this caller may try now. Whoever is admitted while it is open is the probe, and puts the next one off.
    pub(crate) fn admits(&self) -> bool {
        self.admits_at(Instant::now())
    }

    fn admits_at(&self, now: Instant) -> bool {
        self.with(|state| {
            if state.failures_in_a_row < self.failures_to_open {
                return true;
            }
            let is_probe = now >= state.next_probe;
            if is_probe {
                state.next_probe = now + self.pause;
            }
            is_probe
        })
    }

    /// Closes it.
    pub(crate) fn succeeded(&self) {
        self.with(|state| state.failures_in_a_row = 0);
    }

    /// Counts a failure; the one that opens it, and every failed probe, starts a pause.
    pub(crate) fn failed(&self) {
        self.failed_at(Instant::now());
    }

    fn failed_at(&self, now: Instant) {
        self.with(|state| {
            state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
            state.next_probe = now + self.pause;
        });
    }

    /// Whether it admits everyone.
    pub(crate) fn is_closed(&self) -> bool {
        self.with(|state| state.failures_in_a_row < self.failures_to_open)
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // Nothing panics under this lock, and a state of two plain values is whole at any time.
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURES_TO_OPEN: u32 = 3;
    const PAUSE: Duration = Duration::from_secs(1);

    #[test]
    fn the_third_failure_opens_it_and_one_probe_a_pause_may_pass() {
        let (breaker, start) = (Breaker::new(FAILURES_TO_OPEN, PAUSE), Instant::now());
        breaker.failed_at(start);
        breaker.failed_at(start);
        assert!(breaker.admits_at(start) && breaker.is_closed());
        breaker.failed_at(start);
        assert!(!breaker.is_closed());
        assert!(!breaker.admits_at(start + PAUSE - Duration::from_millis(1)));
        assert!(breaker.admits_at(start + PAUSE), "the probe");
        assert!(!breaker.admits_at(start + PAUSE), "only one");
        assert!(breaker.admits_at(start + PAUSE * 2), "a probe that never reported back is replaced");
    }

    #[test]
    fn one_success_closes_it() {
        let breaker = Breaker::new(FAILURES_TO_OPEN, PAUSE);
        for _ in 0..FAILURES_TO_OPEN {
            breaker.failed();
        }
        breaker.succeeded();
        assert!(breaker.is_closed() && breaker.admits());
    }
}
