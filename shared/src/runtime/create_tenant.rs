//! The operator's command line for a new tenant: runs one command and prints the key, which is shown this once.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use secrecy::ExposeSecret;
use serde::Serialize;

use super::process::{EXIT_CONFIGURATION, EXIT_FAILURE, say};
use crate::{
    commands::{
        Context,
        create_tenant::{self, CreateTenant, CreatedTenant},
    },
    config::{Config, Needs},
    db::{Connect, Database},
    domain::policy::TenantPolicy,
};

/// The role that creates a tenant: the same as over HTTP.
const ROLE: &str = "orders_app";

type Failure = Box<dyn std::error::Error>;

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
    let config = match Config::from_env(Needs { keys: true, ..Needs::default() }) {
        Ok(config) => config,
        Err(error) => return say(&error, EXIT_CONFIGURATION),
    };
    let command = CreateTenant { name, policy: TenantPolicy { stock, ..TenantPolicy::default() } };
    match create(&config, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(error.as_ref(), EXIT_FAILURE),
    }
}

fn create(config: &Config, command: CreateTenant) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let created = runtime.block_on(execute(config, command))?;
    let line =
        Line { tenant_id: created.tenant_id.to_string(), key_id: created.key_id.to_string(), secret: created.secret.expose_secret() };
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string(&line)?)?)
}

async fn execute(config: &Config, command: CreateTenant) -> Result<CreatedTenant, Failure> {
    let keyring = config.keyring.clone().ok_or("KEYS_ENCRYPTION is needed and was not read")?;
    let database = Database::new(&Connect { url: &config.database.url, role: ROLE, pool_size: 1 })?;
    let created = create_tenant::execute(&Context::new(database.clone(), keyring), &command).await;
    database.close().await;
    Ok(created?)
}
