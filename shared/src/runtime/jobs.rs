//! What each job does: the way from what a host gives to the room that does the work.

use futures_util::future::BoxFuture;

use super::{JobContext, JobError};
use crate::{
    commands,
    db::{self, Connect},
    messaging::relay,
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
