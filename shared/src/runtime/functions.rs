//! The functions that one process hosts: one of them, or all.

use std::collections::BTreeSet;

use super::{JobFunction, schedule::Schedule, start_error::StartError};
use crate::{
    config::Needs,
    function::{Access, JobSpec},
    http::HttpFunction,
    messaging::ConsumerFunction,
};

/// The command that only the sender of payment operations consumes: whoever hosts it must be able to reach the partner.
const PAYMENT_COMMAND: &str = "payment.operation.requested.v1";

/// Who brings messages to the consumers of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    /// They read their queues themselves, side by side.
    Queues,
    /// `CONSUME` says it: a consumer in a process of its own.
    AsTold,
    /// Lambda's trigger.
    Trigger,
}

/// What a process hosts.
#[derive(Default)]
pub struct Functions {
    /// Endpoints, all on one port.
    pub http: Vec<HttpFunction>,
    /// Queue consumers.
    pub consumers: Vec<ConsumerFunction>,
    /// Jobs, each by its schedule.
    pub jobs: Vec<JobFunction>,
}

impl Functions {
    /// Every function's name: endpoints, then consumers, then jobs.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let http = self.http.iter().map(|function| function.spec.name);
        let consumers = self.consumers.iter().map(|function| function.spec.name);
        http.chain(consumers).chain(self.jobs.iter().map(|function| function.spec.name))
    }

    /// Leaves only the functions whose name is wanted.
    #[must_use]
    pub fn filtered(mut self, wanted: impl Fn(&str) -> bool) -> Self {
        self.http.retain(|function| wanted(function.spec.name));
        self.consumers.retain(|function| wanted(function.spec.name));
        self.jobs.retain(|function| wanted(function.spec.name));
        self
    }

    /// What their environment must hold.
    pub(super) fn needs(&self, intake: Intake) -> Needs {
        let consumes = !self.consumers.is_empty();
        let asks = |consumer: &ConsumerFunction| consumer.spec.types.contains(&PAYMENT_COMMAND);
        let job_asks = |job: &JobFunction| job.needs_payment_service || (job.consumers)().iter().any(asks);
        Needs {
            keys: !self.http.is_empty() || consumes || self.jobs.iter().any(|job| job.spec.tenant_role.is_some()),
            operator: !self.http.is_empty(),
            redis: !self.http.is_empty() || self.consumers.iter().any(ConsumerFunction::needs_redis),
            amqp: (consumes && intake == Intake::Queues) || self.jobs.iter().any(|job| job.needs_amqp),
            consume: consumes && intake == Intake::AsTold,
            payment_webhook: self.http.iter().any(|function| function.spec.permission == Access::Webhook),
            payment_service: self.consumers.iter().any(asks) || self.jobs.iter().any(job_asks),
        }
    }

    /// The database roles among them.
    pub(super) fn roles(&self) -> BTreeSet<&'static str> {
        let http = self.http.iter().map(|function| function.spec.database_role);
        let consumers = self.consumers.iter().map(|function| function.spec.database_role);
        let jobs = self.jobs.iter().map(|function| function.spec.database_role);
        let within_tenants = self.jobs.iter().filter_map(|function| function.spec.tenant_role);
        http.chain(consumers).chain(jobs).chain(within_tenants).collect()
    }

    /// The one role of the endpoints: they share a router and with it a pool. `None` without endpoints.
    pub(super) fn http_role(&self) -> Result<Option<&'static str>, StartError> {
        let Some(first) = self.http.first().map(|function| function.spec) else { return Ok(None) };
        match self.http.iter().find(|function| function.spec.database_role != first.database_role) {
            Some(other) => Err(StartError::MixedRoles(first.name, other.spec.name)),
            None => Ok(Some(first.database_role)),
        }
    }

    /// The jobs with their schedules, those that run once first.
    pub(super) fn scheduled(&self) -> Result<Vec<(Schedule, JobFunction)>, StartError> {
        let parse = |spec: &'static JobSpec| Schedule::parse(spec.schedule).ok_or(StartError::Schedule(spec.name, spec.schedule));
        let schedule = |job: &JobFunction| if job.is_only_run { Ok(Schedule::Once) } else { parse(job.spec) };
        let mut jobs = self.jobs.iter().map(|job| Ok((schedule(job)?, *job))).collect::<Result<Vec<_>, StartError>>()?;
        jobs.sort_by_key(|(schedule, _)| *schedule != Schedule::Once);
        Ok(jobs)
    }
}
