//! What a function is, as its manifest declares it: the types behind the generated [`catalog`](crate::catalog).
//!
//! No behaviour lives here. The HTTP wrapper, the consumer supervisor and the job host read these values, so that code never
//! repeats a route, a permission or a queue.

use crate::domain::permissions::Permission;

/// Who may call an HTTP function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone; the request is not signed.
    Public,
    /// Any authenticated key, whatever its scopes.
    Any,
    /// Keys that hold this scope.
    Scope(Permission),
    /// The payment service alone, which signs its webhooks with a secret of its own (Standard Webhooks); no key of a tenant counts.
    Webhook,
}

impl Access {
    /// Whether somebody's key opens it, so that a tenant stands behind every call.
    pub const fn is_by_key(self) -> bool {
        matches!(self, Self::Any | Self::Scope(_))
    }
}

/// One method on one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Path template, parameters in braces: `/v1/orders/{order_id}`.
    pub path: &'static str,
}

impl Route {
    /// Names of the parameters in its path, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(parameter)
    }
}

/// The name in a template's segment `{name}`; nothing for a literal one.
pub fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// One HTTP function: one policy, on one route or several.
#[derive(Debug)]
pub struct HttpSpec {
    /// The function's name: folder, crate, binary, OpenAPI `operationId`.
    pub name: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    /// What it answers.
    pub routes: &'static [Route],
    /// Who may call it.
    pub permission: Access,
    /// An `Idempotency-Key` is required.
    pub idempotency: bool,
    /// An `If-Match` is required.
    pub if_match: bool,
    /// The whole request must be answered within this time.
    pub timeout_seconds: u64,
    /// Status of its success.
    pub success: u16,
    /// A longer body is refused with 413.
    pub body_max_bytes: usize,
    /// Its answer is sent piece by piece; the time limit is then that of its beginning.
    pub streams: bool,
    /// PostgreSQL role it connects as.
    pub database_role: &'static str,
}

/// Routing keys that a queue takes from one exchange.
#[derive(Debug)]
pub struct Binding {
    /// A topic exchange.
    pub exchange: &'static str,
    /// Topic patterns: `payment.#`.
    pub routing_keys: &'static [&'static str],
}

/// One queue consumer.
#[derive(Debug)]
pub struct ConsumerSpec {
    /// The function's name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    /// Its work queue.
    pub queue: &'static str,
    /// Its messages may be lost: what the queue has no room for is dropped, the oldest first, and so is what waits for too long.
    pub best_effort: bool,
    /// Messages under way at once: the AMQP prefetch.
    pub prefetch: u16,
    /// What the queue is bound to.
    pub bindings: &'static [Binding],
    /// CloudEvents `source` values it believes; a message from elsewhere is dead.
    pub sources: &'static [&'static str],
    /// CloudEvents `type` values it understands; another is dead.
    pub types: &'static [&'static str],
    /// One message must be settled within this time.
    pub timeout_seconds: u64,
    /// PostgreSQL role it connects as.
    pub database_role: &'static str,
}

/// One job: runs to its end, on a schedule, or continuously.
#[derive(Debug)]
pub struct JobSpec {
    /// The function's name.
    pub name: &'static str,
    /// `once`, `continuous`, or a rate expression: `rate(1 minute)`.
    pub schedule: &'static str,
    /// Time limit of one run; a continuous job has none.
    pub timeout_seconds: u64,
    /// PostgreSQL role it connects as: what sees the rows of all tenants, if it looks for any.
    pub database_role: &'static str,
    /// PostgreSQL role it takes inside one tenant's transaction; nothing for a job that acts for no tenant.
    pub tenant_role: Option<&'static str>,
}
