//! The one library under every function of the order service.
//!
//! Rooms lie in rings and import inward only (`cargo xtask tidy` checks it; the table is in docs/ARCHITECTURE.md). In reading order:
//! `domain` decides; `db`, `cache` and `signature` speak to the outside in one language each; `commands` and `queries` are the use
//! cases; `messaging` and `http` carry them; `runtime` hosts a function wherever it runs.
//!
//! **Architecture invariant:** functions see `runtime`, `http`, `messaging`, `commands`, `queries`, `domain`, `function` and `catalog`.
//! The stores stay `pub(crate)`, so the compiler keeps SQL, Redis and AMQP out of every function.

// Ring 0: pure.
pub mod domain;
// Ring 1: the process around it.
pub(crate) mod backoff;
pub(crate) mod breaker;
pub mod catalog;
pub mod chaos;
pub mod clock;
pub mod cloudevents;
pub(crate) mod config;
pub mod function;
#[cfg(test)]
pub(crate) mod fuzz;
pub(crate) mod secrets;
pub mod telemetry;
// Ring 2: one room for each outside language.
pub(crate) mod cache;
pub(crate) mod db;
pub mod signature;
// Ring 3: use cases.
pub(crate) mod auth;
pub mod commands;
pub(crate) mod live;
pub(crate) mod partners;
pub mod queries;
// Ring 4: carriers.
pub mod http;
pub mod messaging;
// Ring 5: hosts.
pub mod runtime;
