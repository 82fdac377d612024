//! schemathesis, which tries the published contract: from PyPI into `.local/schemathesis`, once for each change of its pins.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::services::install;

/// The version of everything that is installed.
const PINS: &str = "tests/schemathesis/requirements.txt";
const HOME: &str = ".local/schemathesis";
/// Debian keeps this part of Python in a package of its own.
const VENV_PACKAGE: &str = "python3-venv";

/// Installs it unless these very pins are there; where its program lies.
pub fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let pins = checkout.read(PINS)?;
    let home = checkout.path(HOME);
    let (program, installed) = (home.join("bin/st"), home.join("installed.txt"));
    if program.is_file() && std::fs::read_to_string(&installed).is_ok_and(|installed| installed == pins) {
        return Ok(program);
    }
    ensure_venv()?;
    eprintln!("  installing schemathesis into {HOME} (once)");
    run(Path::new("python3"), &["-m", "venv", "--clear", HOME], checkout)?;
    run(&home.join("bin/python"), &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", PINS], checkout)?;
    // Written last: what broke off is installed again.
    std::fs::write(&installed, pins).context(|| format!("cannot write {}", installed.display()))?;
    Ok(program)
}

fn ensure_venv() -> Result<()> {
    let there = Command::new("python3").args(["-c", "import ensurepip, venv"]).output().is_ok_and(|output| output.status.success());
    if there {
        return Ok(());
    }
    if geteuid().is_root() && install::has_apt() {
        return install::packages(&[VENV_PACKAGE]);
    }
    Err(Failure::new(format!("python3 with venv is not installed on this machine; on Debian: sudo apt-get install {VENV_PACKAGE}")))
}

fn run(program: &Path, arguments: &[&str], checkout: &Checkout) -> Result<()> {
    let mut command = Command::new(program);
    // stdout is for results.
    command.args(arguments).current_dir(checkout.root()).stdout(std::io::stderr());
    if process::run(command)?.success() {
        return Ok(());
    }
    Err(Failure::new(format!("this failed: {} {}", program.display(), arguments.join(" "))))
}
