//! Keeps long-running work alive: what ends without being asked to is logged once and started again, ever more slowly.

use std::{ops::ControlFlow, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{task::JoinError, time::Instant};

use super::{JobError, Shutdown};
use crate::secrets::random;

/// The pause after a first failure.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// The longest pause: failures in a row double it up to here.
const BACKOFF_LIMIT: Duration = Duration::from_secs(5);
/// Work that held this long was healthy: its next failure counts as a first one.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// Runs `start`'s work in a task of its own (so that a panic ends no more than it), again and again, until a stop is asked for; then
/// waits for it to end by itself. The host bounds that wait.
pub(super) async fn keep_running(
    name: &'static str,
    shutdown: Shutdown,
    mut start: impl FnMut() -> BoxFuture<'static, Result<(), JobError>>,
) {
    let mut backoff = BACKOFF_FIRST;
    loop {
        let started = Instant::now();
        let outcome = join(tokio::spawn(start())).await;
        if shutdown.is_requested() {
            return report_last(name, outcome);
        }
        if started.elapsed() >= HEALTHY_AFTER {
            backoff = BACKOFF_FIRST;
        }
        let pause = jittered(backoff);
        report(name, outcome, pause);
        if sleep(pause, &shutdown).await.is_break() {
            return;
        }
        backoff = (backoff * 2).min(BACKOFF_LIMIT);
    }
}

/// Runs `start`'s work at every tick until a stop is asked for. A run that exceeds its limit is reported and waited for, never cut
/// (it may be inside a transaction) and never doubled: the ticks it misses are skipped.
pub(super) async fn run_every(
    name: &'static str,
    period: Duration,
    limit: Duration,
    shutdown: Shutdown,
    mut start: impl FnMut() -> BoxFuture<'static, Result<(), JobError>>,
) {
    loop {
        let started = Instant::now();
        let mut run = tokio::spawn(start());
        let outcome = match tokio::time::timeout(limit, &mut run).await {
            Ok(ended) => flatten(ended),
            Err(_) => {
                tracing::error!(labels.function = name, limit_seconds = limit.as_secs(), "a run exceeds its time limit");
                join(run).await
            }
        };
        report_last(name, outcome);
        if sleep(period.saturating_sub(started.elapsed()), &shutdown).await.is_break() {
            return;
        }
    }
}

/// Waits for a task; its panic is an error like another.
pub(super) async fn join(task: impl Future<Output = Result<Result<(), JobError>, JoinError>>) -> Result<(), JobError> {
    flatten(task.await)
}

fn flatten(ended: Result<Result<(), JobError>, JoinError>) -> Result<(), JobError> {
    ended.unwrap_or_else(|stopped| Err(stopped.into()))
}

fn report(name: &'static str, outcome: Result<(), JobError>, pause: Duration) {
    let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(()) => tracing::warn!(labels.function = name, retry_in_ms, "ended without being asked to; starting again"),
        Err(error) => tracing::error!(labels.function = name, retry_in_ms, error.message = source(&error), "failed; starting again"),
    }
}

fn report_last(name: &'static str, outcome: Result<(), JobError>) {
    if let Err(error) = outcome {
        tracing::error!(labels.function = name, error.message = source(&error), "failed");
    }
}

/// For a log field, which then names the error's causes too.
pub(super) fn source(error: &JobError) -> &(dyn std::error::Error + 'static) {
    error.as_ref()
}

/// Between half the pause and the whole, so that processes that failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    half + half * u32::from(u16::from_be_bytes(random())) / u32::from(u16::MAX)
}

/// Breaks when a stop is asked for meanwhile.
async fn sleep(pause: Duration, shutdown: &Shutdown) -> ControlFlow<()> {
    tokio::select! {
        () = shutdown.requested() => ControlFlow::Break(()),
        () = tokio::time::sleep(pause) => ControlFlow::Continue(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn what_fails_or_panics_is_started_again_until_the_stop() {
        let (trigger, shutdown) = Shutdown::channel();
        let starts = Arc::new(AtomicU32::new(0));
        let (counted, trigger) = (Arc::clone(&starts), Arc::new(trigger));
        let supervised = keep_running("test", shutdown, move || {
            let (start, trigger) = (counted.fetch_add(1, Ordering::Relaxed), Arc::clone(&trigger));
            Box::pin(async move {
                match start {
                    0 => Err("first".into()),
                    1 => panic!("second"),
                    _ => {
                        trigger.send_replace(true);
                        Ok(())
                    }
                }
            })
        });
        tokio::time::timeout(Duration::from_secs(10), supervised).await.unwrap();
        assert_eq!(starts.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        for _ in 0..100 {
            assert!((BACKOFF_LIMIT / 2..=BACKOFF_LIMIT).contains(&jittered(BACKOFF_LIMIT)));
        }
    }
}
