//! What is derived from the functions' manifests, one file each: pure text from `manifest::Function`s. Reading, comparing
//! and writing files is the work of the command `sync`.

pub mod catalog;
pub mod lambda_router;
pub mod overview;

use std::io::Write;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Result};

/// Formats source text, so that what is generated is what `cargo fmt --check` wants.
pub fn rustfmt(text: &str) -> Result<String> {
    let doing = || "cannot run rustfmt".to_owned();
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(doing)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).context(doing)?;
    }
    let output = child.wait_with_output().context(doing)?;
    if !output.status.success() {
        return Err(Failure::new(format!("rustfmt failed: {}", String::from_utf8_lossy(&output.stderr))));
    }
    String::from_utf8(output.stdout).context(doing)
}

#[cfg(test)]
mod samples {
    use crate::manifest::{Function, read, tests};

    /// One function of each kind, in the order of `manifest::read_all`.
    pub fn one_of_each() -> Vec<Function> {
        vec![
            read(tests::CREATE_ORDER, "http", "create-order").unwrap(),
            read(tests::ON_PAYMENT_EVENT, "consumers", "on-payment-event").unwrap(),
            read(tests::OUTBOX_RELAY, "jobs", "outbox-relay").unwrap(),
        ]
    }
}
