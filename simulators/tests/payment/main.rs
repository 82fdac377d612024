//! The payment partner over real HTTP in process. Read in this order: `partner` (what tests drive), `contract`, `moods`,
//! `books`, `switches`, `webhooks`.

#![allow(clippy::unwrap_used, reason = "a test, its helpers included, fails by panicking")]

mod books;
mod contract;
mod moods;
mod partner;
mod switches;
mod webhooks;
