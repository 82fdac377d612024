//! What a job is and what it gets to work with.

use std::fmt;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::Shutdown;
use crate::{db::Database, function::JobSpec};

/// Why a run failed. It is logged once, with its sources, by whoever started the run.
pub type JobError = Box<dyn std::error::Error + Send + Sync>;

type Run = fn(JobContext) -> BoxFuture<'static, Result<(), JobError>>;

/// One job, as its crate declares it.
#[derive(Clone, Copy)]
pub struct JobFunction {
    /// Its manifest.
    pub spec: &'static JobSpec,
    pub(super) needs_amqp: bool,
    pub(super) run: Run,
}

impl JobFunction {
    /// A job that speaks to PostgreSQL only.
    pub fn new(spec: &'static JobSpec, run: Run) -> Self {
        Self { spec, needs_amqp: false, run }
    }

    /// A job that speaks to RabbitMQ as well: `AMQP_URL` must be set.
    pub fn publisher(spec: &'static JobSpec, run: Run) -> Self {
        Self { spec, needs_amqp: true, run }
    }
}

impl fmt::Debug for JobFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFunction").field("name", &self.spec.name).finish_non_exhaustive()
    }
}

/// Where PostgreSQL is without a transaction pooler, for session locks and LISTEN.
#[derive(Debug, Clone)]
pub struct DirectDatabase {
    /// `DATABASE_DIRECT_URL`.
    pub(crate) url: SecretString,
    /// The user, if the URL names none.
    pub(crate) role: &'static str,
}

/// What one run works with. Its parts are for the bodies inside this crate: a function only passes it on.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// A pool under the job's role.
    pub(crate) database: Database,
    /// For a session of its own.
    pub(crate) direct: DirectDatabase,
    /// Empty unless the job is a [`publisher`](JobFunction::publisher).
    pub(crate) amqp_url: SecretString,
    /// When to end.
    pub(crate) shutdown: Shutdown,
}

impl JobContext {
    /// When to end. A run that goes on for more than nine seconds afterwards is cut.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }
}
