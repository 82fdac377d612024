//! What whoever runs the service does at its command line: a new tenant, and a new key for a tenant that has none left, each one command
//! that prints a key, which is shown this once; and one run of a job.
//!
//! It takes the database and the sealing keys, so it gives nobody more than they have: an operator's key can do neither for an existing
//! tenant, because it administers tenants and cannot act as one.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use secrecy::ExposeSecret;
use serde::Serialize;

use super::process::{EXIT_CONFIGURATION, EXIT_FAILURE, say};
use crate::{
    commands::{CommandError, Context, FreshKey, create_api_key, create_tenant},
    config::{Config, Needs},
    db::{Connect, Database},
    domain::{ids::TenantId, patch::Patch, policy::PolicyPatch, tenant::TenantRequest},
    function::JobSpec,
};

/// The role that does it: the same as over HTTP.
const ROLE: &str = "orders_app";

type Failure = Box<dyn std::error::Error>;

/// What to do.
enum Task {
    CreateTenant(TenantRequest),
    CreateKey(TenantId, String),
}

/// The line on stdout.
#[derive(Serialize)]
struct Line<'a> {
    tenant_id: String,
    key_id: String,
    secret: &'a str,
}

/// Creates a tenant of this name, whose orders reserve stock or not, and prints
/// `{"tenant_id":"ten_…","key_id":"key_…","secret":"osk_…"}`. Nothing else goes to stdout.
pub fn create_tenant(name: String, stock: bool) -> ExitCode {
    let policy = PolicyPatch { stock: Patch::Set(stock), ..PolicyPatch::default() };
    run(Task::CreateTenant(TenantRequest { name, policy }))
}

/// Creates a key of this name for a tenant that has locked itself out, and prints the same line.
pub fn create_key(tenant: TenantId, name: String) -> ExitCode {
    run(Task::CreateKey(tenant, name))
}

/// Whether the arguments of a job's own process ask for one run out of its schedule.
///
/// # Errors
/// One sentence, when they ask for anything else.
pub(super) fn asks_for_one_run(job: &JobSpec) -> Result<bool, String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(false),
        [argument] if argument == "--once" && job.schedule != "continuous" => Ok(true),
        [argument] if argument == "--once" => Err(format!("{} runs all the time: it has no --once", job.name)),
        _ => Err(format!("usage: {} [--once]", job.name)),
    }
}

fn run(task: Task) -> ExitCode {
    let config = match Config::from_env(Needs { keys: true, ..Needs::default() }) {
        Ok(config) => config,
        Err(error) => return say(&error, EXIT_CONFIGURATION),
    };
    match print(&config, task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(error.as_ref(), EXIT_FAILURE),
    }
}

fn print(config: &Config, task: Task) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let FreshKey { key, secret } = runtime.block_on(execute(config, task))?;
    let line = Line { tenant_id: key.id.tenant.to_string(), key_id: key.id.to_string(), secret: secret.expose_secret() };
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string(&line)?)?)
}

async fn execute(config: &Config, task: Task) -> Result<FreshKey, Failure> {
    let keyring = config.keyring.clone().ok_or("KEYS_ENCRYPTION is needed and was not read")?;
    let database = Database::new(&Connect { url: &config.database.url, role: ROLE, pool_size: 1 })?;
    let context = Context::new(database.clone(), keyring);
    let created = match task {
        Task::CreateTenant(request) => create_tenant::at_command_line(&context, &request).await.map(|created| created.first_key),
        Task::CreateKey(tenant, name) => create_api_key::at_command_line(&context, tenant, name).await,
    };
    database.close().await;
    created.map_err(told)
}

/// What a person reads: everything that is wrong, where the error itself only counts.
fn told(error: CommandError) -> Failure {
    match error {
        CommandError::Invalid(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| format!("{} {}", error.pointer, error.message)).collect();
            lines.join("\n").into()
        }
        other => other.into(),
    }
}
