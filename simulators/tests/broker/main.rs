//! The inventory and the shipping partner against a real broker: `TEST_AMQP_URL`, or the one on this machine.
//!
//! Others may use the same broker: each test's partner has a queue of its own, bound to routing keys of its own, and the
//! test looks only at its own tenant's answers. Read in this order: `service` (what tests drive), `inventory`, `shipping`.

#![allow(clippy::unwrap_used, reason = "a test, its helpers included, fails by panicking")]

mod inventory;
mod service;
mod shipping;
