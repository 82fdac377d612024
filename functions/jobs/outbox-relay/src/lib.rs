//! Publishes what commits wrote to the outbox: at least once, in order per order, with publisher confirms.

use shared::{
    catalog,
    runtime::{JobFunction, jobs},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> JobFunction {
    JobFunction::publisher(&catalog::OUTBOX_RELAY, jobs::relay_outbox)
}
