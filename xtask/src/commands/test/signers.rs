//! Installs what the tests of foreign signers need: two public libraries, in the versions that `tests/fixtures/signers` pins,
//! under `.local/signers`, where the next run finds them again.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checkout::Checkout;
use crate::failure::{Context, Failure, Result};
use crate::process;

/// Where the pins lie.
const PINS: &str = "tests/fixtures/signers";

/// Written last into a directory: what was installed there. A run that was cut short left none.
const STAMP: &str = "installed";

/// The two libraries.
pub struct Signers {
    /// A Python interpreter that knows the one of PyPI: the tests' `TEST_SIGNERS_PYTHON`.
    pub python: PathBuf,
    /// Where Node finds the one of npm: the tests' `TEST_SIGNERS_NODE_PATH`.
    pub node_path: PathBuf,
}

/// Makes sure that both are there.
pub fn ensure(checkout: &Checkout) -> Result<Signers> {
    let (python, node) = (checkout.path(".local/signers/python"), checkout.path(".local/signers/node"));
    once(checkout, &python, &["requirements.txt"], |pins| {
        run("python3", &["-m".as_ref(), "venv".as_ref(), python.as_ref()])?;
        let pip = python.join("bin/python");
        let requirements = pins.join("requirements.txt");
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        run(pip, &[arguments.map(Path::new).as_slice(), &[&requirements]].concat())
    })?;
    once(checkout, &node, &["package.json", "package-lock.json"], |pins| {
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(pins.join(name), node.join(name)).context(|| format!("cannot copy {name} to {}", node.display()))?;
        }
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"];
        run("npm", &[arguments.map(Path::new).as_slice(), &[&node]].concat())
    })?;
    Ok(Signers { python: python.join("bin/python"), node_path: node.join("node_modules") })
}

/// Runs `install`, unless `place` holds what these pins name. What a former run left there otherwise is thrown away.
fn once(checkout: &Checkout, place: &Path, pins: &[&str], install: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let wanted: String = pins.iter().map(|name| checkout.read(&format!("{PINS}/{name}"))).collect::<Result<_>>()?;
    let stamp = place.join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("  installing into {} (once)", place.display());
    if place.exists() {
        std::fs::remove_dir_all(place).context(|| format!("cannot remove {}", place.display()))?;
    }
    std::fs::create_dir_all(place).context(|| format!("cannot make {}", place.display()))?;
    install(&checkout.path(PINS))?;
    std::fs::write(&stamp, wanted).context(|| format!("cannot write {}", stamp.display()))
}

/// Runs an installer; what it says goes to stderr.
fn run(program: impl AsRef<Path>, arguments: &[&Path]) -> Result<()> {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command.args(arguments).stdout(std::io::stderr());
    if process::run(command).context(|| "the tests of foreign signers need python3 with venv, and node with npm".into())?.success() {
        return Ok(());
    }
    let line: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    Err(Failure::new(format!("this failed: {} {}", program.display(), line.join(" "))))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{PINS, once};
    use crate::checkout::Checkout;
    use crate::failure::Failure;

    #[test]
    fn what_is_installed_is_kept_until_its_pins_change() {
        let root = std::env::temp_dir().join(format!("xtask-signers-{}", std::process::id()));
        let (pins, place) = (root.join(PINS), root.join("place"));
        std::fs::create_dir_all(&pins).unwrap();
        let checkout = Checkout::at(&root);
        let installs = Cell::new(0);
        let install = || {
            once(&checkout, &place, &["pins"], |_| {
                installs.set(installs.get() + 1);
                Ok(())
            })
        };
        for (pin, total) in [("1", 1), ("1", 1), ("2", 2), ("2", 2)] {
            std::fs::write(pins.join("pins"), pin).unwrap();
            install().unwrap();
            assert_eq!(installs.get(), total, "{pin}");
        }
        std::fs::write(pins.join("pins"), "3").unwrap();
        once(&checkout, &place, &["pins"], |_| Err(Failure::new("no network"))).unwrap_err();
        install().unwrap();
        assert_eq!(installs.get(), 3, "a failed installation is not taken for one");
        std::fs::remove_dir_all(root).unwrap();
    }
}
