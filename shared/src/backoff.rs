//! Waiting between attempts: exponential, capped and jittered, so that many processes do not return in step.
//!
//! Only durations live here; whoever waits decides what else ends the wait.

use std::time::Duration;

use uuid::Uuid;

/// A row of ever longer waits, from `first` doubling up to `longest`.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

impl Backoff {
    /// Nothing has failed yet.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, attempts: 0 }
    }

    /// How long to wait now; the next wait is up to twice as long.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.first.saturating_mul(1 << self.attempts.min(20)).min(self.longest);
        self.attempts = self.attempts.saturating_add(1);
        jittered(ceiling)
    }

    /// It worked: the next failure waits `first` again.
    pub const fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// Between half of `ceiling` and all of it.
pub fn jittered(ceiling: Duration) -> Duration {
    let half = u64::try_from(ceiling.as_micros() / 2).unwrap_or(u64::MAX / 2);
    // The low bits of a UUIDv7 are random, and the crate is here anyway.
    let (_, random) = Uuid::now_v7().as_u64_pair();
    Duration::from_micros(half + (random & 0xffff_ffff) % (half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        for ceiling_ms in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            let delay = backoff.next_delay();
            let ceiling = Duration::from_millis(ceiling_ms);
            assert!(delay >= ceiling / 2 && delay <= ceiling, "{delay:?} of {ceiling:?}");
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(100));
    }
}
