//! What the tests of foreign readers and senders of our messages need: pika, cloudevents, httpx and httpx-sse, from PyPI, as
//! `tests/fixtures/readers` pins them.

use std::path::PathBuf;

use crate::checkout::Checkout;
use crate::failure::Result;
use crate::installed;

/// The version of everything that is installed.
const PINS: &str = "tests/fixtures/readers/requirements.txt";

/// Makes sure that they are there; a Python interpreter that knows them: the tests' `TEST_READERS_PYTHON`.
pub fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let requirements = checkout.path(PINS);
    let arguments = ["--requirement".as_ref(), requirements.as_os_str()];
    let programs = installed::from_pypi(&checkout.path(".local/readers"), &checkout.read(PINS)?, &arguments)?;
    Ok(programs.join("python"))
}
