//! Lets go of what has served its time: weeks of the outbox, answers of idempotency keys, claims of messages, dead letters; and makes the
//! weeks of the outbox that come next. What a run does not finish is the next one's.

use shared::{
    catalog,
    runtime::{JobFunction, jobs},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> JobFunction {
    JobFunction::new(&catalog::PRUNE_RECORDS, jobs::prune_records)
}
