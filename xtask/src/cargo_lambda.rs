//! cargo-lambda, whose emulator of AWS Lambda `dev --lambda` and the tests use.

use std::path::PathBuf;

use crate::checkout::Checkout;
use crate::failure::Result;
use crate::installed;

/// What the emulator's traps were tried with; another version is another program.
const VERSION: &str = "1.9.2";

/// Makes sure that it is there; where its program lies.
pub fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let package = format!("cargo-lambda=={VERSION}");
    // Its one dependency is a linker of 400 MB for cross-compilation, which the emulator has no use for.
    let arguments = ["--no-deps", &package].map(AsRef::as_ref);
    let programs = installed::from_pypi(&checkout.path(&format!(".local/cargo-lambda-{VERSION}")), &package, &arguments)?;
    Ok(programs.join("cargo-lambda"))
}
