//! A private PostgreSQL, and the few things done to a database server from outside: roles and the database.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::home::Home;
use super::programs::Program;
use crate::failure::{Context, Failure, Result};
use crate::process::Process;

/// Recovery after a kill -9 is included.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The line of postmaster.pid that says how far the server has come; lines count from 0.
const STATUS_LINE: usize = 7;

/// Starts the server on `port`, with a new cluster when there is none yet. fsync stays on: what `dev` keeps must
/// survive, and tests that kill servers must not find damage of our own making.
pub fn start(home: &Home, port: u16) -> Result<Process> {
    let server = Program::Postgres.require()?;
    let parent = home.data("postgres")?;
    let cluster = parent.join("data");
    if !cluster.join("PG_VERSION").is_file() {
        initdb(home, &server.with_file_name("initdb"), &parent, &cluster)?;
    }
    let mut command = home.command(&server, &parent);
    command.arg("-D").arg(&cluster).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=300",
        "shared_buffers=256MB",
        "log_min_messages=warning",
    ] {
        command.args(["-c", setting]);
    }
    let process = Process::start("PostgreSQL", command, home.log("postgres"), home.pid_file("postgres"))?;
    // SIGINT is the fast shutdown: it ends sessions instead of waiting for them.
    let mut process = process.stopped_by(Signal::SIGINT);
    let pid = process.pid();
    process.wait_until(START_TIMEOUT, || is_ready(&cluster, pid))?;
    Ok(process)
}

fn initdb(home: &Home, program: &Path, parent: &Path, cluster: &Path) -> Result<()> {
    // A cluster whose making was cut short has no PG_VERSION or is incomplete: begin anew beside it, then rename.
    let unfinished = parent.join("unfinished");
    let _ = std::fs::remove_dir_all(&unfinished);
    let mut command = home.command(program, parent);
    command.args(["-k", "-E", "UTF8", "--no-locale", "-U", "postgres", "--auth=trust", "-D"]).arg(&unfinished);
    let output = command.output().context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        return Err(Failure::new(format!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    std::fs::rename(&unfinished, cluster).context(|| format!("cannot make {}", cluster.display()))
}

/// The server itself writes its pid and `ready` into its data directory: no other server that may have taken the port
/// can be mistaken for it.
fn is_ready(cluster: &Path, pid: u32) -> bool {
    let text = std::fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(&pid.to_string()) && lines.nth(STATUS_LINE - 1) == Some("ready")
}

/// Runs a SQL file as the administrator that `url` names.
pub fn run_file(url: &str, file: &Path) -> Result<()> {
    let mut command = psql(url)?;
    command.arg("-f").arg(file);
    finish(command, &format!("running {}", file.display()))
}

/// Makes the database `name` owned by `owner`, if it is not there yet; tells whether it was made.
pub fn ensure_database(url: &str, name: &str, owner: &str) -> Result<bool> {
    let mut command = psql(url)?;
    command.args(["-At", "-c", &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")]);
    let output = command.output().context(|| "cannot run psql".into())?;
    if output.status.success() && output.stdout.starts_with(b"1") {
        return Ok(false);
    }
    let mut command = psql(url)?;
    command.args(["-c", &format!("CREATE DATABASE {name} OWNER {owner}")]);
    finish(command, &format!("making the database {name}"))?;
    Ok(true)
}

/// Drops the database `name` with all sessions in it, if it is there.
pub fn drop_database(url: &str, name: &str) -> Result<()> {
    let mut command = psql(url)?;
    command.args(["-c", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]);
    finish(command, &format!("dropping the database {name}"))
}

/// `psql` without the person's own settings, stopping at the first error.
fn psql(url: &str) -> Result<Command> {
    let mut command = Command::new(Program::Psql.require()?);
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]).env_remove("PGOPTIONS").stdin(Stdio::null());
    Ok(command)
}

fn finish(mut command: Command, doing: &str) -> Result<()> {
    let output = command.output().context(|| "cannot run psql".into())?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{doing} failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
