//! The service from outside, function by function: one file each, and one for each thing a whole process does.

mod api_docs;
mod bad_input;
mod cancel_order;
mod consumers;
mod create_api_key;
mod create_order;
mod create_payment;
mod create_tenant;
mod get_ledger;
mod get_order;
mod get_order_history;
mod get_tenant;
mod idempotency;
mod kept_answers;
mod list_api_keys;
mod list_orders;
mod list_payments;
mod migrate;
mod order_life;
mod outbox_relay;
mod process;
mod revoke_api_key;
mod rotate_api_key;
mod signatures;
mod signers;
mod update_tenant;
