//! Let go of what has served its time, over all tenants; make the weeks of the outbox that come next.
//!
//! A week of the outbox is dropped whole. Everything else is deleted in batches, each a short transaction of its own: whoever dies in the
//! middle has done what it did, and the next run goes on. Two runs at once pass over each other's rows. Deferred messages are no matter of
//! this: each ends by itself.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    db::{
        self, Database,
        dead_letters::dead_letter_delete_old,
        idempotency_records::idempotency_record_delete_old,
        inbox::inbox_delete_old,
        outbox_weeks::{outbox_add_weeks, outbox_default_delete_old, outbox_drop_week, outbox_old_weeks},
    },
    domain::{
        retention::{ANSWERS_SECONDS, DEAD_LETTERS_SECONDS, INBOX_SECONDS, OUTBOX_SECONDS},
        timestamp::Timestamp,
    },
};

/// Weeks of the outbox are made so long before they begin: two of them are always there, if a run succeeds once a week.
const WEEKS_AHEAD_SECONDS: i64 = 3 * 7 * 86_400;
/// Rows deleted by one statement; after each the run can be stopped.
const BATCH: i64 = 1_000;
/// Between two batches, so that a large backlog leaves most of the disk to others: 50,000 rows a second at most.
const BATCH_PAUSE: Duration = Duration::from_millis(20);
/// A run goes on for so long; what is left is the next one's. Shorter than the manifest's time limit.
const RUN_LIMIT: Duration = Duration::from_secs(600);
/// A lock on the outbox that is not granted is asked for again so often, then left to the next run. Each time it is waited for 50 ms only
/// (0008_outbox_partitions.sql), because everybody who comes meanwhile waits behind it.
const LOCK_ATTEMPTS: u32 = 5;
/// Between two such attempts.
const LOCK_PAUSE: Duration = Duration::from_secs(1);

/// The kind of dead letters that nobody settled.
pub(crate) const OPEN_DEAD_LETTERS: &str = "open_dead_letters";

/// What a run did.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// Weeks of the outbox that were made.
    pub(crate) weeks_added: i32,
    /// Weeks that were dropped.
    pub(crate) weeks_dropped: Vec<String>,
    /// Weeks that are too old and have something that is still to be sent.
    pub(crate) weeks_kept: Vec<String>,
    /// Somebody held the outbox: weeks are left to the next run.
    pub(crate) is_outbox_held: bool,
    /// Rows deleted, by kind.
    pub(crate) rows: BTreeMap<&'static str, u64>,
    /// It was stopped before it was done.
    pub(crate) is_cut: bool,
}

/// Prunes until nothing is left, the run's time is over or `is_stopped`. Old weeks that cannot be dropped stop nothing else.
///
/// # Errors
/// The first of a store's failures, after everything that it does not stand in the way of; and what was done all the same.
pub(crate) async fn execute(database: &Database, now: Timestamp, is_stopped: impl Fn() -> bool) -> (Pruned, Result<(), db::Error>) {
    let mut run = Run { database, now, started: Instant::now(), is_stopped, pruned: Pruned::default() };
    let weeks = run.turn_weeks().await;
    let rows = run.delete_rows().await;
    (run.pruned, weeks.and(rows))
}

struct Run<'a, F> {
    database: &'a Database,
    now: Timestamp,
    started: Instant,
    is_stopped: F,
    pruned: Pruned,
}

impl<F: Fn() -> bool> Run<'_, F> {
    fn is_over(&self) -> bool {
        (self.is_stopped)() || self.started.elapsed() >= RUN_LIMIT
    }

    /// Makes the weeks that come and drops those that are too old.
    async fn turn_weeks(&mut self) -> Result<(), db::Error> {
        match self.add_and_drop_weeks().await {
            Err(db::Error::LockTimeout(_)) => {
                self.pruned.is_outbox_held = true;
                Ok(())
            }
            ended => ended,
        }
    }

    async fn add_and_drop_weeks(&mut self) -> Result<(), db::Error> {
        let (database, now) = (self.database, self.now);
        let until = now.plus_seconds(WEEKS_AHEAD_SECONDS);
        self.pruned.weeks_added = patiently(|| outbox_add_weeks(database, now, until)).await?;
        for week in outbox_old_weeks(database, now.plus_seconds(-OUTBOX_SECONDS)).await? {
            if self.is_over() {
                break;
            }
            let is_dropped = patiently(|| outbox_drop_week(database, &week)).await?;
            let weeks = if is_dropped { &mut self.pruned.weeks_dropped } else { &mut self.pruned.weeks_kept };
            weeks.push(week);
        }
        Ok(())
    }

    async fn delete_rows(&mut self) -> Result<(), db::Error> {
        let (database, now) = (self.database, self.now);
        let before = |kept_seconds: i64| now.plus_seconds(-kept_seconds);
        let (messages, answers) = (before(OUTBOX_SECONDS), before(ANSWERS_SECONDS));
        let (claims, letters) = (before(INBOX_SECONDS), before(DEAD_LETTERS_SECONDS));
        self.in_batches("outbox", |limit| outbox_default_delete_old(database, messages, limit)).await?;
        self.in_batches("idempotency_records", |limit| idempotency_record_delete_old(database, answers, limit)).await?;
        self.in_batches("inbox", |limit| inbox_delete_old(database, claims, limit)).await?;
        self.in_batches("dead_letters", |limit| dead_letter_delete_old(database, letters, limit, false)).await?;
        self.in_batches(OPEN_DEAD_LETTERS, |limit| dead_letter_delete_old(database, letters, limit, true)).await
    }

    /// Calls `delete` until it finds less than a batch.
    async fn in_batches<D>(&mut self, kind: &'static str, delete: impl Fn(i64) -> D) -> Result<(), db::Error>
    where
        D: Future<Output = Result<u64, db::Error>>,
    {
        let mut rows = BATCH.unsigned_abs();
        while rows == BATCH.unsigned_abs() {
            if self.is_over() {
                self.pruned.is_cut = true;
                break;
            }
            rows = delete(BATCH).await?;
            *self.pruned.rows.entry(kind).or_default() += rows;
            sleep(BATCH_PAUSE).await;
        }
        Ok(())
    }
}

/// Tries again what asks for a lock that is not granted.
async fn patiently<T, W>(work: impl Fn() -> W) -> Result<T, db::Error>
where
    W: Future<Output = Result<T, db::Error>>,
{
    let mut attempt = 1;
    loop {
        match work().await {
            Err(db::Error::LockTimeout(_)) if attempt < LOCK_ATTEMPTS => {}
            ended => return ended,
        }
        attempt += 1;
        sleep(LOCK_PAUSE).await;
    }
}
