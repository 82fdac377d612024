//! cargo-lambda, whose emulator of AWS Lambda `dev --lambda` and the tests use: installed once, privately, by pip.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::checkout::Checkout;
use crate::failure::{Failure, Result};
use crate::process;

/// What the emulator's traps were tried with; another version is another program.
const VERSION: &str = "1.9.2";

/// Where it lies, after installing it under `.local/` if it is not there.
pub fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let place = checkout.path(&format!(".local/cargo-lambda-{VERSION}"));
    let program = place.join("bin/cargo-lambda");
    if works(&program) {
        return Ok(program);
    }
    eprintln!("  installing cargo-lambda {VERSION} by pip (once)");
    // What is there is broken or half done.
    let _ = std::fs::remove_dir_all(&place);
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(&place);
    run(venv, "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv")?;
    let mut pip = Command::new(place.join("bin/pip"));
    // Its one dependency is a linker of 400 MB for cross-compilation, which the emulator has no use for.
    pip.args(["install", "--quiet", "--no-deps", "--disable-pip-version-check", &format!("cargo-lambda=={VERSION}")]);
    run(pip, "pip could not install cargo-lambda; is there a way to PyPI?")?;
    if works(&program) { Ok(program) } else { Err(Failure::new(format!("{} does not say that it is {VERSION}", program.display()))) }
}

fn works(program: &PathBuf) -> bool {
    let output = Command::new(program).args(["lambda", "--version"]).stdin(Stdio::null()).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1) == Some(VERSION))
}

fn run(mut command: Command, otherwise: &str) -> Result<()> {
    // stdout is for results, here as everywhere.
    command.stdout(std::io::stderr());
    match process::run(command) {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::new(otherwise)),
        Err(failure) => Err(failure),
    }
}
