//! Judges what is stored: whether every ledger balances, every version has its history and its messages, every status is what the books
//! and quantities say, and nothing that ended holds stock. It mends nothing.
//!
//! By its schedule it judges what changed lately; `audit-ledger --once` judges every order and ends with status 1 if one is not right.

use shared::{
    catalog,
    runtime::{JobFunction, jobs},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> JobFunction {
    JobFunction::new(&catalog::AUDIT_LEDGER, jobs::audit_ledger)
}
