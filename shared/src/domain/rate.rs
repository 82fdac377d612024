//! Rates: how many requests a tenant and each of its keys may make a second, and the Generic Cell Rate Algorithm (GCRA, ITU-T I.371)
//! that counts them.
//!
//! A rate of `r` is `r` requests a second, of which up to `r` may come at once. Redis counts the same way for all processes together
//! (`cache::admission`); what is here counts for one process while Redis is away, and says what a count means.

use std::{num::NonZeroU32, time::Duration};

use super::text_enum::text_enum;

/// The highest rate there is, a second. Beyond it the counting would cost more than the request.
pub const PER_SECOND_MAX: u32 = 1_000_000;

/// How far ahead of an even stream requests may come: this is what makes `r` of them at once acceptable.
const BURST: Duration = Duration::from_secs(1);

text_enum! {
    /// What a request is counted with.
    RateClass {
        /// Whatever only reads: GET.
        Reads = "reads",
        /// Everything else.
        Writes = "writes",
    }
}

impl RateClass {
    /// The class of an HTTP method.
    pub fn of(method: &str) -> Self {
        if matches!(method, "GET" | "HEAD") { Self::Reads } else { Self::Writes }
    }
}

/// Requests a second: 1 to [`PER_SECOND_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(NonZeroU32);

impl Rate {
    /// What lies beyond the bounds becomes the bound.
    pub const fn new(per_second: u32) -> Self {
        let bounded = if per_second < PER_SECOND_MAX { per_second } else { PER_SECOND_MAX };
        match NonZeroU32::new(bounded) {
            Some(rate) => Self(rate),
            None => Self(NonZeroU32::MIN),
        }
    }

    /// Requests a second.
    pub const fn per_second(self) -> u32 {
        self.0.get()
    }

    /// The time between two requests of an even stream, in nanoseconds.
    const fn interval_ns(self) -> i64 {
        1_000_000_000 / self.0.get() as i64
    }
}

/// What one key may do in a class, and what all keys of its tenant may do together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What is counted.
    pub class: RateClass,
    /// Of one key.
    pub key: Rate,
    /// Of the tenant.
    pub tenant: Rate,
}

/// How a caller stands after a request: what is left of both rates now, and how long to wait if the request was one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The rates it is about.
    pub quota: Quota,
    /// Requests that the key may make at once.
    pub key_left: u32,
    /// Requests that the tenant may make at once.
    pub tenant_left: u32,
    /// When the request may be made instead; nothing: it was admitted.
    pub wait: Option<Duration>,
}

/// A stream of requests at one rate: the moment when the next one is due if they came evenly (the theoretical arrival time of GCRA), in
/// nanoseconds of a clock that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    due_ns: i64,
}

/// One request more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// The stream with it.
    pub stream: Stream,
    /// How many more would be admitted now.
    pub left: u32,
    /// How long until it is admissible; zero: now.
    pub wait: Duration,
}

impl Stream {
    /// One that nothing has come of yet.
    pub const NEW: Self = Self { due_ns: i64::MIN };

    /// Whether a request of an even stream would still have to wait: one that need not is as good as new.
    pub fn is_due_after(self, now_ns: i64) -> bool {
        self.due_ns > now_ns
    }

    /// What one more request at this moment would make of it. It counts only if whoever asks keeps the stream that comes of it.
    #[must_use]
    pub fn next(self, rate: Rate, now_ns: i64) -> Next {
        let burst_ns = i64::try_from(BURST.as_nanos()).unwrap_or(i64::MAX);
        let due_ns = self.due_ns.max(now_ns).saturating_add(rate.interval_ns());
        let room_ns = now_ns.saturating_add(burst_ns).saturating_sub(due_ns);
        Next {
            stream: Self { due_ns },
            left: u32::try_from(room_ns / rate.interval_ns()).unwrap_or(0),
            wait: Duration::from_nanos(u64::try_from(-room_ns).unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    /// How many of `asked` requests, evenly over so many seconds, are admitted.
    fn admitted(per_second: u32, asked: i64, seconds: i64) -> i64 {
        let (mut stream, mut admitted) = (Stream::NEW, 0);
        for index in 0..asked {
            let next = stream.next(Rate::new(per_second), index * seconds * SECOND_NS / asked);
            if next.wait.is_zero() {
                stream = next.stream;
                admitted += 1;
            }
        }
        admitted
    }

    #[test]
    fn a_second_s_worth_may_come_at_once_and_not_one_more() {
        for per_second in [1, 3, 7, 100, 1_000_000] {
            assert_eq!(admitted(per_second, i64::from(per_second) + 5, 0), i64::from(per_second), "{per_second}");
        }
    }

    #[test]
    fn twice_the_rate_is_admitted_at_the_rate() {
        for per_second in [3, 100, 3_000] {
            let (quota, seconds) = (i64::from(per_second), 100);
            let count = admitted(per_second, 2 * quota * seconds, seconds);
            let expected = quota * (seconds + 1);
            assert!((count - expected).abs() * 100 <= expected, "{per_second}: {count} of {expected}");
        }
    }

    #[test]
    fn what_is_left_and_how_long_to_wait_are_told() {
        let first = Stream::NEW.next(Rate::new(2), 0);
        assert_eq!((first.left, first.wait), (1, Duration::ZERO));
        let second = first.stream.next(Rate::new(2), 0);
        assert_eq!((second.left, second.wait), (0, Duration::ZERO));
        let third = second.stream.next(Rate::new(2), 0);
        assert_eq!((third.left, third.wait), (0, Duration::from_millis(500)));
        assert!(second.stream.next(Rate::new(2), SECOND_NS / 2).wait.is_zero());
    }

    #[test]
    fn a_rate_has_bounds_and_a_method_a_class() {
        assert_eq!((Rate::new(0).per_second(), Rate::new(u32::MAX).per_second()), (1, PER_SECOND_MAX));
        assert_eq!(["GET", "HEAD", "POST", "DELETE"].map(|method| RateClass::of(method).as_str()), ["reads", "reads", "writes", "writes"]);
    }
}
