//! What changes something: one use case a file, named by its verb phrase.
//!
//! A command runs in its own task (the wrapper that calls it sees to that), opens one [`TenantTx`](crate::db::TenantTx), claims its
//! key and locks its order in one statement, loads in a younger snapshot, lets the domain decide and writes everything in one
//! statement. No network inside the transaction; nothing that matters after COMMIT.

mod answer;
mod context;
mod error;
mod origin;

pub use self::{
    answer::{Answer, Executed},
    context::Context,
    error::CommandError,
    origin::{Claim, Origin},
};
