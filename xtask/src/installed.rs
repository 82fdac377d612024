//! What tests and commands need that is no server: installed once under `.local/`, in pinned versions, and found there again.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::services::install;

/// Written last into a folder: what was installed there. A run that was cut short left none.
const STAMP: &str = "installed";
/// Debian keeps this part of Python in a package of its own.
const VENV_PACKAGE: &str = "python3-venv";

/// Runs `install` on an empty folder, unless it holds what `pins` names. What a former run left there otherwise is thrown away.
pub fn once(folder: &Path, pins: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let stamp = folder.join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    eprintln!("  installing into {} (once)", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).context(|| format!("cannot make {}", folder.display()))?;
    install(folder)?;
    std::fs::write(&stamp, pins).context(|| format!("cannot write {}", stamp.display()))
}

/// Installs packages from PyPI into a Python environment of their own, once for each change of `pins`; its folder of programs.
/// `arguments` are those of `pip install`.
pub fn from_pypi(folder: &Path, pins: &str, arguments: &[&OsStr]) -> Result<PathBuf> {
    let programs = folder.join("bin");
    once(folder, pins, |folder| {
        ensure_venv()?;
        run("python3", &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()])?;
        let quietly = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"].map(OsStr::new);
        run(programs.join("python"), &[&quietly, arguments].concat())
    })?;
    Ok(programs)
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

/// Runs an installer; what it says goes to stderr, because stdout is for results.
pub fn run(program: impl AsRef<Path>, arguments: &[&OsStr]) -> Result<()> {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command.args(arguments).stdout(std::io::stderr());
    if process::run(command).context(|| format!("{} cannot be started", program.display()))?.success() {
        return Ok(());
    }
    let line: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    Err(Failure::new(format!("this failed: {} {}", program.display(), line.join(" "))))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::once;
    use crate::failure::Failure;

    #[test]
    fn what_is_installed_is_kept_until_its_pins_change() {
        let folder = std::env::temp_dir().join(format!("xtask-installed-{}", std::process::id()));
        let installs = Cell::new(0);
        let install = |pins| {
            once(&folder, pins, |_| {
                installs.set(installs.get() + 1);
                Ok(())
            })
        };
        for (pins, total) in [("1", 1), ("1", 1), ("2", 2), ("2", 2)] {
            install(pins).unwrap();
            assert_eq!(installs.get(), total, "{pins}");
        }
        once(&folder, "3", |_| Err(Failure::new("no network"))).unwrap_err();
        install("3").unwrap();
        assert_eq!(installs.get(), 3, "a failed installation is not taken for one");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
