//! What each job does: the way from what a host gives to the room that does the work.

mod audit;
mod prune;

use futures_util::future::BoxFuture;

use super::{JobContext, JobError, sweep};
use crate::{
    clock,
    commands::{self, CommandError, Context, expire_order, reconcile_payment},
    db::{
        self, Connect,
        deferred_messages::deferred_message_claim_due,
        timers::{DueTimer, timer_claim_due},
    },
    domain::order::draft::TimerKind,
    messaging::{Retrier, relay},
};

/// Brings the schema up to date.
pub fn migrate(job: JobContext) -> BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move {
        let migrations = commands::migrate::execute(&job.direct.url).await?;
        tracing::info!(migrations, "the schema is up to date");
        Ok(())
    })
}

/// Publishes the outbox until told to stop.
pub fn relay_outbox(job: JobContext) -> BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move {
        let relay = relay::Relay {
            database: job.database,
            direct: db::options(&Connect { url: &job.direct.url, role: job.direct.role, pool_size: 1 })?,
            amqp_url: job.amqp_url,
            shutdown: job.shutdown.receiver(),
        };
        relay::run(relay).await;
        Ok(())
    })
}

/// Tries deferred messages again until told to stop.
pub fn retry_deferred_messages(job: JobContext) -> BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move {
        let retrier = Retrier::new(job.settlers);
        let claim = |limit| -> BoxFuture<'static, Result<_, db::Error>> {
            let (database, consumers) = (job.database.clone(), retrier.consumers());
            Box::pin(async move {
                let now = clock::now();
                deferred_message_claim_due(&database, now, now.plus_seconds(sweep::LEASE_SECONDS), limit, &consumers).await
            })
        };
        let work = |message| -> BoxFuture<'static, Result<_, JobError>> {
            let retrier = retrier.clone();
            Box::pin(async move { Ok(retrier.retry(&message).await?) })
        };
        sweep::run(job.name, &job.shutdown, claim, work).await
    })
}

/// Lets payment deadlines pass until told to stop.
pub fn expire_orders(job: JobContext) -> BoxFuture<'static, Result<(), JobError>> {
    act_on(job, TimerKind::PaymentDeadline, |context, due| Box::pin(async move { expire_order::execute(&context, &due).await }))
}

/// Asks what became of operations until told to stop.
pub fn reconcile_payments(job: JobContext) -> BoxFuture<'static, Result<(), JobError>> {
    act_on(job, TimerKind::PaymentReconcile, |context, due| Box::pin(async move { reconcile_payment::execute(&context, &due).await }))
}

/// What to do about a timer that is due.
type Act = fn(Context, DueTimer) -> BoxFuture<'static, Result<&'static str, CommandError>>;

fn act_on(job: JobContext, kind: TimerKind, act: Act) -> BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move {
        let context = job.within_tenants()?;
        let claim = |limit| -> BoxFuture<'static, Result<_, db::Error>> {
            let database = job.database.clone();
            Box::pin(async move {
                let now = clock::now();
                timer_claim_due(&database, kind, now, now.plus_seconds(sweep::LEASE_SECONDS), limit).await
            })
        };
        let work = |due| -> BoxFuture<'static, Result<_, JobError>> {
            let acting = act(context.clone(), due);
            Box::pin(async move { Ok(acting.await?) })
        };
        sweep::run(job.name, &job.shutdown, claim, work).await
    })
}

/// Judges what is stored. A finding is the run's error.
pub fn audit_ledger(job: JobContext) -> BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move { audit::run(&job).await })
}

/// Lets go of what has served its time.
pub fn prune_records(job: JobContext) -> BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move { prune::run(&job).await })
}
