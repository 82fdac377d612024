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

use std::{error::Error, process::ExitCode};

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

/// The life of a process that hosts one job: by its schedule, or with `--once` for one run, whose failure is the process's.
pub fn job(function: JobFunction) -> ExitCode {
    let is_only_run = match command_line::asks_for_one_run(function.spec) {
        Ok(is_only_run) => is_only_run,
        Err(refusal) => return process::say(&*Box::<dyn Error>::from(refusal), process::EXIT_CONFIGURATION),
    };
    serve(Functions { jobs: vec![JobFunction { is_only_run, ..function }], ..Functions::default() })
}
