//! Tries deferred messages again: what was refused because something was in the way, and what came before the order it is about.
//!
//! Each goes through the very function that refused it, in this process. So this is the one function that knows others, all consumers.

use shared::{
    catalog,
    messaging::ConsumerFunction,
    runtime::{JobFunction, jobs},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> JobFunction {
    JobFunction::settling(&catalog::RETRY_DEFERRED_MESSAGES, consumers, jobs::retry_deferred_messages)
}

/// Every function that defers messages.
fn consumers() -> Vec<ConsumerFunction> {
    vec![on_inventory_event::function(), on_payment_event::function(), on_shipment_event::function(), send_payment_operation::function()]
}
