//! `cargo xtask bench`: figures, each measured beside its floor in the same run, on private servers.

use crate::checkout::Checkout;
use crate::failure::{Failure, Result};
use crate::process;
use crate::services::{self, Data, Home, Services};

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask bench [orders|messages|growth] [--quick] [--rounds N] [--seconds N] [--clients N] [--orders N] [WORD…]

Builds in release mode, starts private servers and measures the service beside its floors, in alternation. Prints one
table with rates, CPU and ratios.

  orders        creating orders beside pgbench with eight statements and with the service's one statement, reading
                them beside nginx with a file; then memory and start-up (the default)
  messages      the relay beside a program that only publishes, a consumer beside one that only acknowledges, and the
                time from an order's change to its event at a consumer
  growth        what every filter of list-orders, reading and placing an order cost PostgreSQL among a million orders, beside
                their cost among ten thousand; fails beyond 1.2 times of it (--seconds and --clients do not apply). Words that
                follow choose the questions whose names have one of them
  --quick       one round of four seconds each: under two minutes once it is built
  --rounds N    rounds; medians are printed (default 3)
  --seconds N   length of each measurement (default 8)
  --clients N   concurrent clients (default 32)
  --orders N    orders that growth fills in (default 1000000)";

/// Runs the command; the load program reads the arguments.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    services::ensure_programs(checkout)?;
    let nginx = services::ensure_nginx(checkout)?;
    let binaries = ["standalone", "migrate", "create-order", "on-inventory-event", "load"].map(|binary| ["--bin", binary]);
    let build = [&["build", "--release"][..], &binaries.concat()].concat();
    if !process::run(checkout.cargo(&build))?.success() {
        return Err(Failure::told());
    }
    eprintln!("starting services");
    let services = Services::start(checkout, Home::take(checkout.root(), "bench")?, Data::Discarded)?;
    let mut load = checkout.cargo(&["run", "--quiet", "--release", "--package", "tests", "--bin", "load", "--"]);
    load.args(arguments).env("NGINX", nginx).envs(services.test_environment());
    if process::run(load)?.success() { Ok(()) } else { Err(Failure::told()) }
}
