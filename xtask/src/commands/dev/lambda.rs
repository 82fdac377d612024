//! `dev --lambda`: every endpoint as a function of its own under `cargo lambda watch`, which builds it, starts it and starts it anew
//! when its code changes. The rest runs in `standalone` as ever: the emulator has neither queues nor schedules.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::setup::Environment;
use crate::cargo_lambda;
use crate::checkout::Checkout;
use crate::failure::{Context, Result};
use crate::manifest::{self, Trigger};
use crate::process::Process;
use crate::services::{Services, http_get};

/// A function that is not up by then never will be; its first start may still have to be linked.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// What `--lambda` asks for.
pub struct OnLambda {
    /// The names of all endpoints.
    pub endpoints: Vec<String>,
    cargo_lambda: PathBuf,
}

impl OnLambda {
    /// Finds the endpoints and makes sure of cargo-lambda, if that is wanted.
    pub fn choose(checkout: &Checkout, wanted: bool) -> Result<Option<Self>> {
        if !wanted {
            return Ok(None);
        }
        let functions = manifest::read_all(checkout)?.into_iter();
        let endpoints = functions.filter(|function| matches!(function.trigger, Trigger::Http(_))).map(|function| function.name);
        Ok(Some(Self { endpoints: endpoints.collect(), cargo_lambda: cargo_lambda::ensure(checkout)? }))
    }

    /// Starts the emulator on a port of 127.0.0.1 and returns once every endpoint has answered there.
    pub fn start(&self, checkout: &Checkout, services: &Services, environment: &Environment, port: u16) -> Result<Process> {
        eprintln!("starting cargo lambda watch");
        let mut command = checkout.cargo(&["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.cargo_lambda.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).context(|| "PATH cannot be put together".into())?);
        environment.apply(&mut command);
        let mut emulator = services.run("cargo-lambda", command)?;
        for endpoint in &self.endpoints {
            eprintln!("  {endpoint}");
            // Its function URL: the first request starts it, and every function answers for its health.
            let health = format!("http://127.0.0.1:{port}/lambda-url/{endpoint}/healthz");
            emulator.wait_until(FIRST_ANSWER_TIMEOUT, || http_get(&health).is_ok())?;
        }
        Ok(emulator)
    }
}
