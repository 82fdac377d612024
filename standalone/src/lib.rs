//! Every function of the service as a value, for the program that hosts them all and for the tests about the whole.
//!
//! Hosting is `shared::runtime`, and a function's work is in its own crate; here is only the command line over them.

mod arguments;
pub mod functions;
mod program;

pub use program::run;
