//! The steps of `cargo xtask test`: a heading, a duration and a row of the final table for each, the command to repeat
//! the one that failed, and the count of tests.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::checkout::Checkout;
use crate::failure::{Failure, Result};
use crate::process;

/// What has been done so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<Row>,
    environment: Vec<(&'static str, String)>,
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

struct Row {
    name: &'static str,
    fine: bool,
    duration: Duration,
}

impl Steps {
    /// Sets a variable for the cargo commands that follow.
    pub fn set_environment(&mut self, name: &'static str, value: &str) {
        self.environment.push((name, value.to_owned()));
    }

    /// Forgets every variable.
    pub fn clear_environment(&mut self) {
        self.environment.clear();
    }

    /// Runs a cargo command.
    pub fn cargo(&mut self, checkout: &Checkout, name: &'static str, arguments: &[&str]) -> Result<()> {
        let command = self.command(checkout, arguments);
        let repeat = self.typed(arguments);
        self.inside(name, &repeat, || expect_success(process::run(command)?.success()))
    }

    /// Runs `cargo test`, showing its output and counting its results.
    pub fn tests(&mut self, checkout: &Checkout, name: &'static str, arguments: &[&str]) -> Result<()> {
        let command = self.command(checkout, arguments);
        let repeat = self.typed(arguments);
        let (mut passed, mut failed) = (0, 0);
        let result = self.inside(name, &repeat, || {
            let status = process::run_reading(command, |line| {
                println!("{line}");
                let (more_passed, more_failed) = counts(line).unwrap_or_default();
                passed += more_passed;
                failed += more_failed;
            })?;
            expect_success(status.success())
        });
        self.passed += passed;
        self.failed += failed;
        result
    }

    /// Runs a step inside this process; `repeat` is the command that does the same.
    pub fn inside(&mut self, name: &'static str, repeat: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.value(name, repeat, work)
    }

    /// Runs a step that gives a value.
    pub fn value<T>(&mut self, name: &'static str, repeat: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("\n── {name}");
        let started = Instant::now();
        let result = work();
        self.done.push(Row { name, fine: result.is_ok(), duration: started.elapsed() });
        result.map_err(|failure| {
            let why = if failure.is_told() { String::new() } else { format!("{failure}\n") };
            Failure::new(format!("{why}{name} failed; repeat it with:\n  {repeat}"))
        })
    }

    /// Prints the table of what was done.
    pub fn report(&self) {
        eprintln!();
        for Row { name, fine, duration } in &self.done {
            let outcome = if *fine { "ok" } else { "FAILED" };
            eprintln!("{name:<14} {outcome:<7} {:>7.1} s", duration.as_secs_f32());
        }
    }

    fn command(&self, checkout: &Checkout, arguments: &[&str]) -> Command {
        let mut command = checkout.cargo(arguments);
        // The servers that the tests may use have names of their own; a developer's database is not to be found.
        for name in ["DATABASE_URL", "REDIS_URL", "AMQP_URL"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The line to type. Tests need the servers, which `cargo xtask test` runs.
    fn typed(&self, arguments: &[&str]) -> String {
        if self.environment.iter().any(|(name, _)| name.starts_with("TEST_")) {
            return "cargo xtask test <name of the test>".to_owned();
        }
        let variables = self.environment.iter().map(|(name, value)| format!("{name}='{value}' "));
        format!("{}cargo {}", variables.collect::<String>(), arguments.join(" "))
    }
}

/// The command has said itself what is wrong.
fn expect_success(fine: bool) -> Result<()> {
    if fine { Ok(()) } else { Err(Failure::told()) }
}

/// Passed and failed of a line like `test result: ok. 5 passed; 0 failed; 0 ignored; …`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, results) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| results.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use super::{Steps, counts};
    use crate::failure::Failure;

    #[test]
    fn counts_what_cargo_test_reports() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(counts(line), Some((12, 3)));
        assert_eq!(counts("test it_works ... ok"), None);
    }

    #[test]
    fn a_failed_step_names_the_command_to_repeat() {
        let mut steps = Steps::default();
        let told = steps.inside("tidy", "cargo xtask tidy", || Err(Failure::new("x.rs:1: bad"))).unwrap_err();
        assert_eq!(told.to_string(), "x.rs:1: bad\ntidy failed; repeat it with:\n  cargo xtask tidy");
        assert!(steps.done.iter().all(|row| !row.fine));
    }
}
