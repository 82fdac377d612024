//! How long an invocation may last.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_http::Context;
use tokio::time::Instant;

/// When Lambda ends the process, unless it is idle by then; `limit_seconds`, the manifest's, where that is not known.
pub(super) fn deadline(context: &Context, limit_seconds: u64) -> Instant {
    Instant::now() + left(context.deadline, SystemTime::now()).unwrap_or(Duration::from_secs(limit_seconds))
}

/// The time until `deadline_ms` after 1970. A deadline in the past is none: cargo-lambda's emulator sends the bare number 600000.
fn left(deadline_ms: u64, now: SystemTime) -> Option<Duration> {
    (UNIX_EPOCH + Duration::from_millis(deadline_ms)).duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_is_not_known() {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_341_600);
        assert_eq!(left(1_795_341_615_250, now), Some(Duration::from_millis(15_250)));
        assert_eq!(left(600_000, now), None);
        assert_eq!(left(0, now), None);
    }
}
