//! What an operator sees: log lines, trace context and metrics.
//!
//! Nothing here knows what the service does; the rooms that log and count do. Personal data is of type [`redacted::Redacted`].

mod ecs;
mod log;
pub mod metrics;
pub mod redacted;
pub mod traceparent;

pub use self::log::{InitError, LogConfig, init, is_filter};
