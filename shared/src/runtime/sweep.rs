//! Works off what is due, for all tenants: find and lease, do each piece by itself, look again.
//!
//! Only as much is leased as can be begun at once, so that no lease grows old in a queue. What fails is logged once and is due again when
//! its lease is over; so is what a process held that died. Nothing here knows what is due or what to do about it.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::{
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{JobError, Shutdown, supervisor::source};
use crate::{
    db::{self, deferred_messages::DueMessage, timers::DueTimer},
    domain::ids::TenantId,
    telemetry::metrics::JOB_ITEMS,
};

/// Pieces under way at once; what is due beyond them waits until one is done.
const ITEMS_AT_ONCE: usize = 8;
/// Between two looks while less is due than could be begun.
const IDLE_PAUSE: Duration = Duration::from_secs(1);
/// One piece must be done within this time; what takes longer is dropped, which rolls its transaction back. Shorter than a lease.
const ITEM_LIMIT: Duration = Duration::from_secs(45);
/// What is under way when the process stops may finish within this time, which is less than any host leaves; the rest is dropped.
const DRAIN_LIMIT: Duration = Duration::from_secs(4);

/// How long what was found belongs to whoever found it. Beyond it anybody may find it again, and its effect must bear that.
pub(super) const LEASE_SECONDS: i64 = 60;

/// A piece that is due, by what identifies it in a log line.
pub(super) trait Due: Send + 'static {
    /// Whose it is.
    fn tenant(&self) -> TenantId;
    /// What it is about.
    fn subject(&self) -> Uuid;
}

impl Due for DueTimer {
    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn subject(&self) -> Uuid {
        self.timer.subject
    }
}

impl Due for DueMessage {
    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn subject(&self) -> Uuid {
        self.id
    }
}

/// Works until a stop is asked for. `claim` leases so many pieces at most; `work` does one and says in a word what came of it.
///
/// # Errors
/// What `claim` met: whoever started the run starts another.
pub(super) async fn run<T: Due>(
    job: &'static str,
    shutdown: &Shutdown,
    claim: impl Fn(i64) -> BoxFuture<'static, Result<Vec<T>, db::Error>>,
    work: impl Fn(T) -> BoxFuture<'static, Result<&'static str, JobError>>,
) -> Result<(), JobError> {
    let mut at_work = JoinSet::new();
    let ended = loop {
        while let Some(done) = at_work.try_join_next() {
            reap(job, done);
        }
        let free = ITEMS_AT_ONCE - at_work.len();
        let items = match claim(i64::try_from(free)?).await {
            Ok(items) => items,
            Err(error) => break Err(error.into()),
        };
        let is_full = items.len() == free;
        for item in items {
            at_work.spawn(observe(job, item.tenant(), item.subject(), work(item)));
        }
        tokio::select! {
            () = shutdown.requested() => break Ok(()),
            Some(done) = at_work.join_next(), if is_full => reap(job, done),
            () = sleep(IDLE_PAUSE), if !is_full => {}
        }
    };
    drain(job, &mut at_work, DRAIN_LIMIT).await;
    ended
}

/// Does one piece: one measurement, and one log line if it fails.
async fn observe(job: &'static str, tenant: TenantId, subject: Uuid, work: BoxFuture<'static, Result<&'static str, JobError>>) {
    let done = timeout(ITEM_LIMIT, work).await.unwrap_or_else(|_| Err("not done within the time limit".into()));
    let outcome = done.unwrap_or_else(|error| {
        tracing::error!(
            labels.function = job,
            tenant.id = %tenant,
            labels.subject = %subject.simple(),
            error.message = source(&error),
            "failed; due again when its lease is over"
        );
        "failed"
    });
    metrics::counter!(JOB_ITEMS, "function" => job, "outcome" => outcome).increment(1);
}

fn reap(job: &'static str, done: Result<(), JoinError>) {
    if let Err(stopped) = done {
        tracing::error!(labels.function = job, error.message = &stopped as &(dyn std::error::Error + 'static), "a piece of work panicked");
        metrics::counter!(JOB_ITEMS, "function" => job, "outcome" => "failed").increment(1);
    }
}

async fn drain(job: &'static str, at_work: &mut JoinSet<()>, limit: Duration) {
    let drained = timeout(limit, async {
        while let Some(done) = at_work.join_next().await {
            reap(job, done);
        }
    });
    if drained.await.is_err() {
        tracing::warn!(labels.function = job, left = at_work.len(), "stopped with work undone: it is due again when its lease is over");
        // Waits for each to be dropped, so that no transaction is left open when the host freezes the process.
        at_work.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    impl Due for u128 {
        fn tenant(&self) -> TenantId {
            TenantId::OPERATOR
        }

        fn subject(&self) -> Uuid {
            Uuid::from_u128(*self)
        }
    }

    /// Rows that are due, each found once.
    fn rows(count: u128) -> impl Fn(i64) -> BoxFuture<'static, Result<Vec<u128>, db::Error>> {
        let left = Arc::new(Mutex::new((0..count).collect::<Vec<_>>()));
        move |limit| {
            let mut left = left.lock().unwrap();
            let found = usize::try_from(limit).unwrap().min(left.len());
            let found = left.drain(..found).collect();
            Box::pin(async move { Ok(found) })
        }
    }

    #[tokio::test]
    async fn one_that_fails_or_panics_stops_no_other_and_never_are_too_many_under_way() {
        let (stop, shutdown) = Shutdown::channel();
        let (under_way, most, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&under_way), Arc::clone(&most), Arc::clone(&done));
        let work = move |item: u128| -> BoxFuture<'static, Result<&'static str, JobError>> {
            let ((under_way, most, done), stop) = (counters.clone(), stop.clone());
            Box::pin(async move {
                most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                under_way.fetch_sub(1, Ordering::SeqCst);
                if done.fetch_add(1, Ordering::SeqCst) == 99 {
                    stop.send_replace(true);
                }
                match item {
                    3 => Err("the third".into()),
                    4 => panic!("the fourth"),
                    _ => Ok("done"),
                }
            })
        };
        timeout(Duration::from_secs(10), run("test", &shutdown, rows(100), work)).await.unwrap().unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 100);
        assert_eq!(most.load(Ordering::SeqCst), ITEMS_AT_ONCE);
    }

    #[tokio::test]
    async fn what_outlasts_the_stop_is_dropped_before_the_run_ends() {
        let held = Arc::new(());
        let mut at_work = JoinSet::new();
        let holding = Arc::clone(&held);
        at_work.spawn(async move {
            std::future::pending::<()>().await;
            drop(holding);
        });
        drain("test", &mut at_work, Duration::from_millis(1)).await;
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
