//! The service from outside, function by function: one file each, and one for each thing a whole process does.

mod api_docs;
mod cancel_order;
mod consumers;
mod create_order;
mod create_payment;
mod get_order;
mod get_order_history;
mod kept_answers;
mod list_orders;
mod list_payments;
mod migrate;
mod order_life;
mod outbox_relay;
mod process;
mod signatures;
mod signers;
