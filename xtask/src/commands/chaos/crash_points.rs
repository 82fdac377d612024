//! `cargo xtask chaos crashpoints`: the crash tests of `tests/chaos/crash_points`, on servers of their own, and the table of how they went.

use super::table::{Crash, Table};
use crate::chaos_build;
use crate::checkout::Checkout;
use crate::failure::{Failure, Result};
use crate::options::{Accepted, Options};
use crate::output;
use crate::process;
use crate::services::{self, Data, Home, Services};

/// Where the points are declared, in the order in which the table shows them.
const POINTS: &str = "shared/src/chaos.rs";

/// More points than there are.
const POINTS_MAX: usize = 100;

/// Kills of one point beyond this many are surely a mistake.
const REPEAT_MAX: u32 = 10_000;

const ACCEPTED: Accepted = Accepted { flags: &[], values: &["--repeat"], words_max: POINTS_MAX };

/// What cargo is told, after the builds.
const TESTS: [&str; 8] = ["test", "--quiet", "--workspace", "--test", "chaos", "survives_every_crash", "--", "--nocapture"];

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    let repeat = options.parsed::<u32>("--repeat")?.unwrap_or(1);
    if !(1..=REPEAT_MAX).contains(&repeat) {
        return Err(Failure::new(format!("--repeat takes 1 to {REPEAT_MAX}")));
    }
    let source = checkout.read(POINTS)?;
    let points = points(&source);
    if let Some(unknown) = options.words.iter().find(|word| !points.contains(&word.as_str())) {
        return Err(Failure::new(format!("there is no crash point {unknown:?}; {POINTS} lists them")));
    }
    services::ensure_programs(checkout)?;
    for build in [&chaos_build::BUILD[..], &["build", "--workspace", "--bins"]] {
        if !process::run(checkout.cargo(build))?.success() {
            return Err(Failure::told());
        }
    }
    eprintln!("starting services");
    let services = Services::start(checkout, Home::take(checkout.root(), "chaos")?, Data::Discarded)?;
    let mut tests = checkout.cargo(&TESTS);
    tests.envs(services.test_environment()).env("TEST_CHAOS_STANDALONE", chaos_build::path(checkout)?);
    tests.env("CRASH_REPEAT", repeat.to_string());
    if !options.words.is_empty() {
        tests.env("CRASH_POINTS", options.words.join(","));
    }
    let mut table = Table::new(&points);
    let status = process::run_reading(tests, |line| {
        if let Some(crash) = Crash::parse(line) {
            println!("{crash}");
            table.add(&crash);
        }
    })?;
    output::print(&format!("\n{table}"))?;
    if status.success() { Ok(()) } else { Err(Failure::new("a crash left something wrong, see above")) }
}

/// The names of the crash points, as their declaration has them.
fn points(source: &str) -> Vec<&str> {
    let declared = source.split_once("CrashPoint {").and_then(|(_, rest)| rest.split_once("\n    }")).map_or("", |(block, _)| block);
    declared.lines().filter_map(|line| line.trim().strip_suffix("\",")?.split_once(" = \"")).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::points;

    #[test]
    fn the_points_are_read_from_their_declaration() {
        let source = include_str!("../../../../shared/src/chaos.rs");
        let points = points(source);
        assert!(points.len() >= 24, "{points:?}");
        assert!(points.contains(&"change_before_commit") && !points.contains(&"no_inbox"), "{points:?}");
    }
}
