//! The business, pure: orders, money, payments, stock, shipments, and the rules between them.
//!
//! No async, no IO, no clock, no randomness, no environment: `now` and fresh ids are arguments, a decision returns the new state
//! together with its history, postings and messages. In reading order: [`money`] and [`ids`]; [`order::status`] and
//! [`order::transitions`], the table of an order's life; [`order::place`]; then what happens to an order: [`order::stock`],
//! [`order::payment`], [`order::shipment`], and after each [`order::advance`]. Beside orders: [`tenant`] with its [`policy`], [`api_key`],
//! and [`audit`], the trail of what is done to both; [`session`], what a page may read for a while;
//! [`rate`], how much is too much; [`deferral`], the patience with messages, and [`dead_letter`], its end; [`retention`],
//! how long things are kept. [`lifecycle`] prints an order's life for people.

pub mod actor;
pub mod api_key;
pub mod audit;
pub mod dead_letter;
pub mod deferral;
pub mod fulfilment;
pub mod ids;
pub mod invalid;
pub mod lifecycle;
pub mod messages;
pub mod money;
pub mod order;
pub mod patch;
pub mod payments;
pub mod permissions;
pub mod policy;
pub mod position;
pub mod rate;
pub mod republish;
pub mod retention;
pub mod schema;
pub mod session;
pub mod tenant;
pub mod text_enum;
pub mod timestamp;
