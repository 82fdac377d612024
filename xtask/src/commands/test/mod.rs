//! `cargo xtask test`: everything CI runs, in the order in which failures are cheapest, with servers of its own that
//! start while clippy works.

mod readers;
mod schemathesis;
mod seen;
mod signers;
mod steps;

use std::thread::ScopedJoinHandle;

use crate::cargo_lambda;
use crate::chaos_build;
use crate::checkout::Checkout;
use crate::commands::{sync, tidy};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::options::{Accepted, Options};
use crate::services::{self, Data, Home, Services};
use steps::Steps;

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask test [--quick] [FILTER…]

Runs everything CI runs and stops at the first failure: fmt, tidy, sync --check, clippy, docs, build, documents, tests.
The tests get a private PostgreSQL, Redis and RabbitMQ (or those that DATABASE_URL, REDIS_URL and AMQP_URL name). The
last line is `N passed, N failed`. Each fuzz target runs for FUZZ_SECONDS: 60 unless told, 1 with --quick or a FILTER. Three
libraries that sign are installed under .local/signers from PyPI and npm, once, two that speak CloudEvents and AMQP under
.local/readers, and cargo-lambda from PyPI.

  --quick    leave out clippy and docs, and fuzz briefly
  FILTER     only build, then run the tests whose names contain one of the words";

/// Words beyond this many are surely a mistake.
const FILTERS_MAX: usize = 100;

const ACCEPTED: Accepted = Accepted { flags: &["--quick"], values: &[], words_max: FILTERS_MAX };

/// A filter with one of these words wants tests of `tests/chaos` that need the chaos build.
const CHAOS_WORDS: [&str; 5] = ["chaos", "crash", "survives", "planted", "caught"];

/// How long each fuzz target runs when everything does, and otherwise, unless `FUZZ_SECONDS` says.
const FUZZ_SECONDS: u64 = 60;
const FUZZ_SECONDS_QUICK: u64 = 1;
const FUZZ_SECONDS_MAX: u64 = 24 * 60 * 60;

/// xtask stands outside the workspace and builds in a place of its own, as the alias in .cargo/config.toml does.
const XTASK: [&str; 4] = ["--manifest-path", "xtask/Cargo.toml", "--target-dir", "target/xtask"];

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    let mut steps = Steps::default();
    let result = run_with_services(checkout, &options, &mut steps);
    steps.report();
    if let Err(failure) = &result
        && !failure.is_told()
    {
        eprintln!("\nerror: {failure}");
    }
    println!("{} passed, {} failed", steps.passed, steps.failed);
    result.map_err(|_| Failure::told())
}

/// Starts the servers and goes through the steps while they come up.
fn run_with_services(checkout: &Checkout, options: &Options, steps: &mut Steps) -> Result<()> {
    // A missing server is told, or installed, before anything slow.
    steps.inside("servers", "cargo xtask test", || services::ensure_programs(checkout))?;
    std::thread::scope(|scope| {
        let services = scope.spawn(|| {
            let home = Home::take(checkout.root(), "test")?;
            Services::start(checkout, home, Data::Discarded)
        });
        let result = run_steps(checkout, options, steps, services);
        if result.is_err() {
            // Servers still on their way up are not waited for.
            interrupt::raise();
        }
        result
    })
}

fn run_steps(checkout: &Checkout, options: &Options, steps: &mut Steps, services: ScopedJoinHandle<'_, Result<Services>>) -> Result<()> {
    let filtered = !options.words.is_empty();
    if !filtered {
        steps.cargo(checkout, "fmt", &["fmt", "--all", "--check"])?;
        steps.cargo(checkout, "fmt xtask", &["fmt", "--check", "--manifest-path", "xtask/Cargo.toml"])?;
        steps.inside("tidy", "cargo xtask tidy", || tidy::check(checkout))?;
        steps.inside("sync", "cargo xtask sync --check", || sync::check(checkout))?;
    }
    if !filtered && !options.has("--quick") {
        let strict = ["--all-targets", "--", "-D", "warnings"];
        steps.cargo(checkout, "clippy", &[&["clippy", "--workspace"][..], &strict].concat())?;
        steps.cargo(checkout, "clippy chaos", &["clippy", "--package", "shared", "--features", "chaos", "--", "-D", "warnings"])?;
        steps.cargo(checkout, "clippy xtask", &[&["clippy"][..], &XTASK, &strict].concat())?;
        steps.set_environment("RUSTDOCFLAGS", "-D warnings");
        steps.cargo(checkout, "docs", &["doc", "--no-deps", "--workspace", "--document-private-items"])?;
        steps.clear_environment();
    }
    if !filtered || options.words.iter().any(|word| CHAOS_WORDS.iter().any(|chaos| word.contains(chaos))) {
        steps.cargo(checkout, "build chaos", &chaos_build::BUILD)?;
        steps.set_environment("TEST_CHAOS_STANDALONE", &chaos_build::path(checkout)?.to_string_lossy());
    }
    steps.cargo(checkout, "build", &["build", "--workspace", "--bins"])?;
    if !filtered {
        steps.inside("documents", "cargo xtask sync --check", || sync::check_documents(checkout))?;
    }
    install_signers(checkout, steps, filtered)?;
    install_readers(checkout, steps, filtered)?;
    install_cargo_lambda(checkout, steps);
    let mut services = steps.value("services", "cargo xtask test", || {
        services.join().unwrap_or_else(|_| Err(Failure::new("starting the services ended in a panic")))
    })?;
    let schemathesis = steps.value("schemathesis", "cargo xtask test", || schemathesis::ensure(checkout))?;
    steps.set_environment("TEST_SCHEMATHESIS", &schemathesis.to_string_lossy());
    for (name, value) in services.test_environment() {
        steps.set_environment(name, value);
    }
    let broker = steps.value("broker", "cargo xtask test", || services::ensure_broker(checkout))?;
    let redis = steps.value("redis", "cargo xtask test", || services::ensure_redis(checkout))?;
    for (name, program) in broker.into_iter().chain(redis) {
        steps.set_environment(name, &program.to_string_lossy());
    }
    let fuzz_seconds = fuzz_seconds(if filtered || options.has("--quick") { FUZZ_SECONDS_QUICK } else { FUZZ_SECONDS })?;
    steps.set_environment("FUZZ_SECONDS", &fuzz_seconds.to_string());
    steps.set_environment("TEST_MESSAGES_SEEN", &seen::folder(checkout)?.to_string_lossy());
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast"];
    if filtered {
        arguments.push("--");
        arguments.extend(options.words.iter().map(String::as_str));
    }
    let tests = steps.tests(checkout, "tests", &arguments);
    // A server that died explains failed tests better than they do.
    if let (Err(_), Some(failure)) = (&tests, services.failure()) {
        return Err(failure);
    }
    tests?;
    if !filtered {
        steps.inside("messages", "cargo xtask test", || seen::check(checkout))?;
        steps.tests(checkout, "tests xtask", &[&["test"][..], &XTASK].concat())?;
    }
    Ok(())
}

/// Installs the libraries that sign, and tells the tests where. When only a few tests are run, those that need them say that they
/// are missing.
fn install_signers(checkout: &Checkout, steps: &mut Steps, filtered: bool) -> Result<()> {
    match steps.value("signers", "cargo xtask test", || signers::ensure(checkout)) {
        Ok(signers) => {
            steps.set_environment("TEST_SIGNERS_PYTHON", &signers.python.to_string_lossy());
            steps.set_environment("TEST_SIGNERS_NODE_PATH", &signers.node_path.to_string_lossy());
        }
        Err(failure) if filtered => eprintln!("{failure}"),
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// The same for the libraries that read and send messages.
fn install_readers(checkout: &Checkout, steps: &mut Steps, filtered: bool) -> Result<()> {
    match steps.value("readers", "cargo xtask test", || readers::ensure(checkout)) {
        Ok(python) => steps.set_environment("TEST_READERS_PYTHON", &python.to_string_lossy()),
        Err(failure) if filtered => eprintln!("{failure}"),
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// Without it the tests of Lambda fail and say so; the others still have something to tell.
fn install_cargo_lambda(checkout: &Checkout, steps: &mut Steps) {
    match steps.value("cargo-lambda", "cargo xtask test", || cargo_lambda::ensure(checkout)) {
        Ok(program) => steps.set_environment("TEST_CARGO_LAMBDA", &program.to_string_lossy()),
        Err(failure) => eprintln!("\nerror: {failure}"),
    }
}

fn fuzz_seconds(default: u64) -> Result<u64> {
    let Ok(text) = std::env::var("FUZZ_SECONDS") else {
        return Ok(default);
    };
    let fits = text.parse().ok().filter(|seconds| (1..=FUZZ_SECONDS_MAX).contains(seconds));
    fits.ok_or_else(|| Failure::new(format!("FUZZ_SECONDS does not take {text:?}; say 1 to {FUZZ_SECONDS_MAX}")))
}
