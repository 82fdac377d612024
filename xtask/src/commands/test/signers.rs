//! What the tests of foreign signers need: three public libraries, in the versions that `tests/fixtures/signers` pins.

use std::path::PathBuf;

use crate::checkout::Checkout;
use crate::failure::{Context, Result};
use crate::installed;

/// Where the pins lie.
const PINS: &str = "tests/fixtures/signers";
/// What npm installs from.
const NODE_PINS: [&str; 2] = ["package.json", "package-lock.json"];

/// Where they are.
pub struct Signers {
    /// A Python interpreter that knows those of PyPI: the tests' `TEST_SIGNERS_PYTHON`.
    pub python: PathBuf,
    /// Where Node finds the one of npm: the tests' `TEST_SIGNERS_NODE_PATH`.
    pub node_path: PathBuf,
}

/// Makes sure that all are there.
pub fn ensure(checkout: &Checkout) -> Result<Signers> {
    let pinned = format!("{PINS}/requirements.txt");
    let (pins, requirements) = (checkout.read(&pinned)?, checkout.path(&pinned));
    let arguments = ["--requirement".as_ref(), requirements.as_os_str()];
    let programs = installed::from_pypi(&checkout.path(".local/signers/python"), &pins, &arguments)?;
    let node = checkout.path(".local/signers/node");
    let pins: String = NODE_PINS.iter().map(|name| checkout.read(&format!("{PINS}/{name}"))).collect::<Result<_>>()?;
    installed::once(&node, &pins, |node| {
        for name in NODE_PINS {
            let pinned = checkout.path(&format!("{PINS}/{name}"));
            std::fs::copy(pinned, node.join(name)).context(|| format!("cannot copy {name} to {}", node.display()))?;
        }
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"];
        installed::run("npm", &[arguments.map(AsRef::as_ref).as_slice(), &[node.as_os_str()]].concat())
    })?;
    Ok(Signers { python: programs.join("python"), node_path: node.join("node_modules") })
}
