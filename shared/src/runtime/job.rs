//! What a job is and what it gets to work with.

use std::fmt;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::Shutdown;
use crate::{
    commands::Context,
    db::Database,
    function::JobSpec,
    messaging::{ConsumerFunction, Settler},
};

/// Why a run failed. It is logged once, with its sources, by whoever started the run.
pub type JobError = Box<dyn std::error::Error + Send + Sync>;

type Run = fn(JobContext) -> BoxFuture<'static, Result<(), JobError>>;

/// One job, as its crate declares it.
#[derive(Clone, Copy)]
pub struct JobFunction {
    /// Its manifest.
    pub spec: &'static JobSpec,
    pub(super) needs_amqp: bool,
    pub(super) needs_payment_service: bool,
    pub(super) consumers: fn() -> Vec<ConsumerFunction>,
    pub(super) is_only_run: bool,
    pub(super) run: Run,
}

impl JobFunction {
    /// A job that speaks to PostgreSQL only.
    pub fn new(spec: &'static JobSpec, run: Run) -> Self {
        Self { spec, needs_amqp: false, needs_payment_service: false, consumers: Vec::new, is_only_run: false, run }
    }

    /// A job that speaks to RabbitMQ as well: `AMQP_URL` must be set.
    pub fn publisher(spec: &'static JobSpec, run: Run) -> Self {
        Self { needs_amqp: true, ..Self::new(spec, run) }
    }

    /// A job that asks the payment service as well: `PAYMENT_SERVICE_…` must be set.
    pub fn asking_payment_service(spec: &'static JobSpec, run: Run) -> Self {
        Self { needs_payment_service: true, ..Self::new(spec, run) }
    }

    /// A job that hands messages to these consumers: what they need must be set.
    pub fn settling(spec: &'static JobSpec, consumers: fn() -> Vec<ConsumerFunction>, run: Run) -> Self {
        Self { consumers, ..Self::new(spec, run) }
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
#[derive(Clone)]
pub struct JobContext {
    /// The job's name.
    pub(crate) name: &'static str,
    /// A pool under the job's role.
    pub(crate) database: Database,
    /// For a session of its own.
    pub(crate) direct: DirectDatabase,
    /// Empty unless the job is a [`publisher`](JobFunction::publisher).
    pub(crate) amqp_url: SecretString,
    /// What commands work with, under the job's tenant role; nothing for a job without one.
    pub(crate) within_tenants: Option<Context>,
    /// The process was started for this run alone, with `--once`.
    pub(crate) is_only_run: bool,
    /// Of the consumers that the job [settles](JobFunction::settling) for.
    pub(crate) settlers: Vec<Settler>,
    /// When to end.
    pub(crate) shutdown: Shutdown,
}

impl JobContext {
    /// When to end. A run that goes on for more than nine seconds afterwards is cut.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// What commands work with in a tenant's own transaction.
    ///
    /// # Errors
    /// When the manifest names no `tenant_role`.
    pub(super) fn within_tenants(&self) -> Result<Context, JobError> {
        self.within_tenants.clone().ok_or_else(|| "the job's manifest names no tenant_role".into())
    }
}
