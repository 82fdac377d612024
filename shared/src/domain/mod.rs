//! The business, pure: orders, money, payments, stock, shipments, and the rules between them.
//!
//! No async, no IO, no clock, no randomness, no environment: `now` and fresh ids are arguments, a decision returns the new state
//! together with its history, postings and messages. The normative text is the domain chapter of the design; the tests of these
//! modules are its executable form.

pub mod actor;
pub mod ids;
pub mod permissions;
pub mod policy;
pub mod timestamp;
