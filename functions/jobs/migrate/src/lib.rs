//! Brings the schema up to date: forward only, under an advisory lock, safe to run again.

use shared::{
    catalog,
    runtime::{JobFunction, jobs},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> JobFunction {
    JobFunction::new(&catalog::MIGRATE, jobs::migrate)
}
