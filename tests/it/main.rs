//! The service from outside, function by function: one file each, and one for each thing a whole process does.

mod consumers;
mod create_order;
mod get_order;
mod get_order_history;
mod list_orders;
mod migrate;
mod order_life;
mod outbox_relay;
mod process;
mod signatures;
mod signers;
