//! What changes something: one use case a file, named by its verb phrase.
//!
//! A command runs in its own task (the wrapper that calls it sees to that). [`create_order`] is one autocommit statement. Every other
//! that is about an order goes the way of `change_order`: open one `TenantTx`, claim its key and lock its order in one statement, load in
//! a younger snapshot, let the domain decide, write everything in one statement, COMMIT. What administers tenants and keys claims, locks
//! and writes in short statements of its own, with its row of the audit trail beside the effect. No network inside a transaction;
//! nothing that matters after it.

pub mod announce_event;
mod answer;
pub(crate) mod apply_messages;
mod audit;
pub mod cancel_order;
pub mod capture_payment;
mod change_order;
mod context;
pub mod create_api_key;
pub mod create_order;
pub mod create_payment;
pub mod create_session;
pub mod create_tenant;
pub mod dead_letters;
mod deadlines;
pub mod discard_dead_letters;
mod envelope;
mod error;
pub(crate) mod expire_order;
mod fresh_key;
mod idempotency;
pub mod import_orders;
mod kept_views;
mod measured;
pub mod migrate;
mod order_numbers;
mod origin;
pub(crate) mod prune_records;
pub(crate) mod reconcile_payment;
pub mod record_payment_news;
pub mod record_shipment;
pub mod record_stock_answer;
pub mod refund_order;
pub mod replay_dead_letters;
pub mod republish_events;
pub mod resolve_payment_operation;
pub mod revoke_api_key;
pub mod revoke_session;
pub mod rotate_api_key;
pub mod send_payment_operation;
mod tokens;
pub mod update_tenant;
pub mod void_payment;

pub use self::{
    answer::{Answer, Executed, Render},
    apply_messages::Change,
    change_order::Changed,
    context::Context,
    error::CommandError,
    fresh_key::FreshKey,
    idempotency::kept_answer,
    origin::{Claim, Origin},
};
