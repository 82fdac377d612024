//! Why a process with a good configuration ends without having been asked to.

use super::{JobError, server::BindError};
use crate::{cache, db};

/// Exit status 1, and one log line.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// No runtime, no signals: the machine is out of something.
    #[error("the operating system refuses what a process needs")]
    System(#[from] std::io::Error),
    /// The port.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// `DATABASE_URL` passed our check and not the driver's.
    #[error("the database cannot be used")]
    Database(#[from] db::Error),
    /// `REDIS_URL` passed our check and not the client's.
    #[error("Redis cannot be used")]
    Cache(#[from] cache::Error),
    /// Its client cannot be built.
    #[error("the payment service cannot be used")]
    PaymentService(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A part that [`Needs`](crate::config::Needs) should have asked for: a bug.
    #[error("{0} is needed and was not read")]
    NotRead(&'static str),
    /// Two endpoints of one process whose manifests disagree.
    #[error("{0} and {1} connect as different database roles and cannot share a process")]
    MixedRoles(&'static str, &'static str),
    /// A manifest's expression.
    #[error("{0}: {1} is no schedule; expected once, continuous or rate(5 minutes)")]
    Schedule(&'static str, &'static str),
    /// A job that runs once failed.
    #[error("{0} failed")]
    Job(&'static str, #[source] JobError),
    /// A job that runs once took longer than its manifest allows.
    #[error("{0} exceeds its time limit of {1} s")]
    JobTooLong(&'static str, u64),
    /// A job that runs once was stopped before its end.
    #[error("{0} was stopped before its end")]
    JobStopped(&'static str),
    /// The Lambda runtime API went away.
    #[error("the Lambda runtime ended")]
    Lambda(#[source] Box<dyn std::error::Error + Send + Sync>),
}
