//! `cargo xtask dev`: the whole service on this machine, from private servers to a demo tenant, until Ctrl-C.

mod lambda;
mod setup;
mod tail;

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use crate::checkout::Checkout;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::options::{Accepted, Options};
use crate::process::{self, Process};
use crate::services::{self, Data, Home, Services, http_get};
use lambda::OnLambda;
use setup::{Keys, Local};
use tail::{Tail, ready_line};

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask dev [--lambda] [--port N] [--debug] [--fresh] [--verbose]

Builds the service, starts private PostgreSQL, Redis and RabbitMQ under .local/dev, migrates, creates a demo tenant and
runs every function with partner simulators until Ctrl-C. DATABASE_URL (an administrator's), REDIS_URL and AMQP_URL,
when set, are used instead of private servers.

  --lambda     endpoints run one by one under `cargo lambda watch`, which starts them anew when their code changes; consumers
               and jobs stay in standalone, since the emulator has neither queues nor schedules. cargo-lambda is installed
               by pip under .local/ when it is missing. Builds without optimisation
  --port N     port of the API, 8080 unless told
  --debug      build without optimisation: faster to build, slower to run
  --fresh      begin with empty data
  --verbose    show the logs (they are in .local/dev/logs either way)";

const ACCEPTED: Accepted = Accepted { flags: &["--lambda", "--debug", "--fresh", "--verbose"], values: &["--port"], words_max: 0 };

const PORT_DEFAULT: u16 = 8080;

/// The binaries that `dev` runs; `standalone` holds every function.
const BINARIES: [&str; 3] = ["migrate", "simulators", "standalone"];

/// From the start of a process to its line "ready", with connections to three servers in between.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    let port = options.parsed("--port")?.unwrap_or(PORT_DEFAULT);
    // Before anything slow, but after a killed run's processes, which may hold the port, have been ended.
    let home = Home::take(checkout.root(), "dev")?;
    require_free(port)?;
    services::ensure_programs(checkout)?;
    let on_lambda = OnLambda::choose(checkout, options.has("--lambda"))?;
    let binaries = build(checkout, options.has("--debug"), on_lambda.as_ref())?;
    eprintln!("starting services");
    let fresh = options.has("--fresh");
    let data = if fresh { Data::Fresh } else { Data::Kept };
    let mut services = Services::start(checkout, home, data)?;
    let local = Local::open(checkout)?;
    let mut environment = setup::prepare(checkout, &local, &services, fresh)?;
    eprintln!("migrating");
    setup::run(&binaries.join("migrate"), &[], &environment)?;
    let operator = setup::operator_key(&local, &mut environment)?;
    let demo = setup::demo_key(&local, &binaries.join("standalone"), &environment)?;
    let url = format!("http://127.0.0.1:{port}");
    let webhook_secret = setup::webhook_secret(&local, &mut environment, &url)?;
    let keys = Keys { demo, operator, webhook_secret };

    // Dropped in reverse order: the service stops first, its partners next, the servers last.
    eprintln!("starting simulators and standalone");
    let program = environment.command(&binaries.join("simulators"), &[]);
    let mut simulators = services.run("simulators", program)?;
    let partners = serve(&mut simulators)?;
    environment.set("PAYMENT_SERVICE_URL", format!("http://127.0.0.1:{}", partners.server_port));
    environment.set("PORT", if on_lambda.is_some() { 0 } else { port }.to_string());
    let except = on_lambda.as_ref().map(|on_lambda| format!("--except={}", on_lambda.endpoints.join(",")));
    let program = environment.command(&binaries.join("standalone"), &except.iter().map(String::as_str).collect::<Vec<_>>());
    let mut standalone = services.run("standalone", program)?;
    let ready = serve(&mut standalone)?;
    let health = format!("http://127.0.0.1:{}/readyz", ready.server_port);
    standalone.wait_until(READY_TIMEOUT, || http_get(&health).is_ok())?;
    let mut emulator = match &on_lambda {
        Some(on_lambda) => Some(on_lambda.start(checkout, &services, &environment, port)?),
        None => None,
    };

    let metrics = ready.metrics_port.map(|port| format!("http://127.0.0.1:{port}/metrics")).unwrap_or_default();
    let _announcement = local.announce(&url, &metrics, &keys, &services)?;
    let hosts = on_lambda.map(|_| "\n           endpoints on Lambda's emulator; consumers and jobs in standalone").unwrap_or_default();
    println!(
        "\nready\n  API      {url}{hosts}\n  key      {} (secret in .local/dev/demo-key.json)\n  \
         operator {} (secret in .local/dev/operator-key.json; signs /v1/admin/tenants)\n  \
         webhooks {url}/v1/webhooks/payments (secret in .local/dev/secrets.json; docs/webhooks.md)\n  metrics  {metrics}\n  \
         logs     .local/dev/logs\n  next     cargo xtask order\n  stop     Ctrl-C",
        keys.demo.key_id, keys.operator.key_id
    );
    let mut processes = vec![&mut simulators, &mut standalone];
    processes.extend(&mut emulator);
    watch(&mut services, &mut processes, options.has("--verbose"))
}

/// A taken port is the commonest failure of all, so it is told in words.
fn require_free(port: u16) -> Result<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format!("port {port} on 127.0.0.1 cannot be used ({error}); choose another with --port N"))),
    }
}

/// Builds what `dev` runs and says where it lies. Of the functions only `migrate` has to be linked by itself.
fn build(checkout: &Checkout, debug: bool, on_lambda: Option<&OnLambda>) -> Result<PathBuf> {
    // What `cargo lambda watch` starts is built without optimisation.
    let debug = debug || on_lambda.is_some();
    let profile = if debug { "debug" } else { "release" };
    eprintln!("building ({profile})");
    let mut arguments = vec!["build"];
    if !debug {
        arguments.push("--release");
    }
    let endpoints = on_lambda.map(|on_lambda| on_lambda.endpoints.as_slice()).unwrap_or_default();
    for binary in BINARIES.into_iter().chain(endpoints.iter().map(String::as_str)) {
        arguments.extend(["--bin", binary]);
    }
    if !process::run(checkout.cargo(&arguments))?.success() {
        return Err(Failure::new("the build failed"));
    }
    Ok(checkout.target_directory()?.join(profile))
}

/// Waits for the process's line "ready".
fn serve(process: &mut Process) -> Result<tail::Ready> {
    let log = process.log().to_owned();
    let mut ready = None;
    process.wait_until(READY_TIMEOUT, || {
        ready = ready_line(&log);
        ready.is_some()
    })?;
    ready.ok_or_else(|| Failure::new(format!("{} said nothing", process.name())))
}

/// Until Ctrl-C, which is success, or until something that should run no longer does.
fn watch(services: &mut Services, processes: &mut [&mut Process], verbose: bool) -> Result<()> {
    let mut tails: Vec<Tail<File>> = Vec::new();
    if verbose {
        tails = processes.iter().filter_map(|process| Tail::open(process.name(), process.log())).collect();
    }
    while !interrupt::requested() {
        for tail in &mut tails {
            tail.show();
        }
        let failure = processes.iter_mut().find_map(|process| process.failure());
        if let Some(failure) = failure.or_else(|| services.failure()) {
            return Err(failure);
        }
        std::thread::sleep(process::POLL);
    }
    eprintln!("\nstopping");
    Ok(())
}
