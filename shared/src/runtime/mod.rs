//! Hosts: the whole life of a process, wherever it runs. A function's `main` is one call of [`http()`], [`consumer`] or [`job()`].
//!
//! In reading order: `process` is the life from environment to exit code; `app` what the functions of a
//! process share; `server`, `health`, `push` (messages over HTTP) and `lambda` the ways in;
//! `supervisor` keeps consumers and jobs alive, `sweep` works off what is due; `shutdown` ends everything in order.
//!
//! Nothing here knows an order. What a function does lies behind its specification and its handler.

mod app;
mod command_line;
mod functions;
mod health;
mod job;
pub mod jobs;
mod lambda;
mod process;
mod push;
mod schedule;
mod server;
mod shutdown;
mod start_error;
mod supervisor;
mod sweep;

use std::process::ExitCode;

use self::functions::Intake;
pub use self::{
    command_line::{create_key, create_tenant},
    functions::Functions,
    job::{DirectDatabase, JobContext, JobError, JobFunction},
    process::serve,
    shutdown::Shutdown,
};
use crate::{http::HttpFunction, messaging::ConsumerFunction};

/// The life of a process that hosts one endpoint.
pub fn http(function: HttpFunction) -> ExitCode {
    serve(Functions { http: vec![function], ..Functions::default() })
}

/// The life of a process that hosts one consumer. `CONSUME` says how it gets its messages.
pub fn consumer(function: ConsumerFunction) -> ExitCode {
    process::host(Functions { consumers: vec![function], ..Functions::default() }, Intake::AsTold)
}

/// The life of a process that hosts one job.
pub fn job(function: JobFunction) -> ExitCode {
    serve(Functions { jobs: vec![function], ..Functions::default() })
}
