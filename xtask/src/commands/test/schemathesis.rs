//! schemathesis, which tries the published contract: from PyPI, with the version of everything that it brings.

use std::path::PathBuf;

use crate::checkout::Checkout;
use crate::failure::Result;
use crate::installed;

/// The version of everything that is installed.
const PINS: &str = "tests/schemathesis/requirements.txt";

/// Makes sure that it is there; where its program lies.
pub fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let requirements = checkout.path(PINS);
    let arguments = ["--requirement".as_ref(), requirements.as_os_str()];
    let programs = installed::from_pypi(&checkout.path(".local/schemathesis"), &checkout.read(PINS)?, &arguments)?;
    Ok(programs.join("st"))
}
