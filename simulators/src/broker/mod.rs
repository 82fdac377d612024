//! The broker side of every partner: names, declarations, publishing with confirms, consuming with acknowledgements.

pub mod consumer;
mod publisher;
mod topology;

pub use publisher::{Published, Publisher};

/// The exchange on which the payment partner tells of operations.
pub const PAYMENT_EVENTS: &str = "payments.events";
/// The exchange of the inventory partner.
pub const INVENTORY_EVENTS: &str = "inventory.events";
/// The exchange of the shipping partner.
pub const SHIPPING_EVENTS: &str = "shipping.events";

/// The exchange from which partners take commands.
const ORDER_COMMANDS: &str = "orders.commands";
/// The exchange of the service's own events, which partners may bind.
const ORDER_EVENTS: &str = "orders.events";
/// Where the service's events go that no queue wants.
const ORDER_UNROUTED: &str = "orders.unrouted";

/// How long to wait before the `attempt`th reconnect: doubling from 100 ms up to 5 s, with up to a quarter of jitter.
fn backoff(attempt: u32) -> std::time::Duration {
    let base_ms = (100_u64 << attempt.min(6)).min(5_000);
    let jitter_ms = u64::from(jiff::Timestamp::now().subsec_nanosecond().unsigned_abs()) % (base_ms / 4);
    std::time::Duration::from_millis(base_ms - jitter_ms)
}
