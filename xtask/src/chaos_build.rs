//! The build of `standalone` with crash points and planted bugs. It is a binary of its own, built by a call of its own: `shared` and the
//! functions are compiled a second time for it, and no ordinary binary can get its feature.

use std::path::PathBuf;

use crate::checkout::Checkout;
use crate::failure::Result;

/// What cargo is told: the whole workspace, so that its dependencies are those of every other build, and of it this binary only.
pub const BUILD: [&str; 6] = ["build", "--workspace", "--features", "standalone/chaos", "--bin", NAME];

const NAME: &str = "standalone-chaos";

/// Where it lies then: the tests' `TEST_CHAOS_STANDALONE`.
pub fn path(checkout: &Checkout) -> Result<PathBuf> {
    Ok(checkout.target_directory()?.join("debug").join(NAME))
}
