//! Jobs: one invocation is one turn. A continuous job works until shortly before the deadline, and the next minute's invocation goes on.

use std::time::Duration;

use tokio::time::sleep_until;

use super::{Event, time};
use crate::runtime::{JobError, JobFunction, Shutdown, app::App, supervisor};

/// Time that a job gets to end in order before Lambda ends the process.
const RESERVE: Duration = Duration::from_secs(5);

/// Gives a job one turn: to its end, or until it was asked to stop and has. What the invocation says does not matter.
///
/// # Errors
/// The job's own.
pub(super) async fn run(app: &App, job: JobFunction, event: &Event) -> Result<(), JobError> {
    let (stop, shutdown) = Shutdown::channel();
    let mut run = tokio::spawn((job.run)(app.job_context(job, &shutdown)?));
    let deadline = time::deadline(&event.context, job.spec.timeout_seconds);
    tokio::select! {
        ended = supervisor::join(&mut run) => ended,
        () = sleep_until(deadline - RESERVE) => {
            stop.send_replace(true);
            supervisor::join(&mut run).await
        }
    }
}
