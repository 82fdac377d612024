//! Tests about the whole: what holds for every statement, table, list and route, however many there come to be.
//!
//! Their allow-lists only shrink.

mod asyncapi;
mod catalog;
mod evolution;
mod isolation;
mod lifecycle;
mod lists;
mod manifests;
mod migrations;
mod openapi;
mod plans;
mod routes;
mod schemathesis;
mod scopes;
mod statements;
mod tenants;
mod walls;
