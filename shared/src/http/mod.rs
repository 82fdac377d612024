//! HTTP: the one wrapper around every endpoint, and what a handler needs to be parse → one command → view.
//!
//! In reading order: [`HttpFunction`] is an endpoint; [`router`](fn@router) puts endpoints behind the wrapper, which turns each
//! request into a [`Call`] and each `Result<Reply, Problem>` into a response. Policy (signature, permission, idempotency,
//! preconditions, limits, time) is data of the endpoint's [`HttpSpec`](crate::function::HttpSpec), read by the wrapper and
//! repeated in no handler.
//!
//! **Architecture invariant:** only what turns text into a handler's own types, or those into text, is generic (`Call::{path, query, query_and_filters,
//! page, json, json_or_default}`, `Reply::json`, `Page::reply`), because every function compiles it again.

mod admission;
mod body;
pub mod bulk;
mod call;
mod code;
mod content;
mod contract;
mod exchange;
mod fingerprint;
mod function;
mod json_shape;
mod kept_views;
mod live;
pub mod openapi;
mod order_filters;
mod pagination;
mod precondition;
mod problem;
mod problem_sources;
mod query;
mod rate_limits;
mod reply;
mod router;
mod state;
mod strict_json;
#[cfg(test)]
mod tests;
pub mod views;
mod wrapper;

pub(crate) use self::wrapper::{Buffered, HostDeadline};
pub use self::{
    call::Call,
    code::Code,
    content::Content,
    function::{BoxFuture, HttpFunction},
    live::{EventTypes, News},
    order_filters::OrderFilters,
    pagination::Page,
    problem::Problem,
    query::peek,
    reply::Reply,
    router::router,
    state::State,
};
