//! shared

pub mod cloudevents;
pub mod signature;
