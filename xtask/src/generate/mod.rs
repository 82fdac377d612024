//! What is derived from the functions' manifests, one file each: pure text from `manifest::Function`s. Reading, comparing
//! and writing files is the work of the command `sync`.

pub mod catalog;
pub mod lambda_router;
pub mod overview;

#[cfg(test)]
mod samples {
    use crate::manifest::{Function, read, tests};

    /// One function of each kind, in the order of `manifest::read_all`.
    pub fn one_of_each() -> Vec<Function> {
        vec![
            read(tests::CREATE_ORDER, "http", "create-order").unwrap(),
            read(tests::ON_PAYMENT_EVENT, "consumers", "on-payment-event").unwrap(),
            read(tests::OUTBOX_RELAY, "jobs", "outbox-relay").unwrap(),
        ]
    }
}
