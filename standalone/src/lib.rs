//! Every function of the service as a value, for the binary that hosts them all and for the tests about the whole.
//!
//! No behaviour lives here: hosting is `shared::runtime`, and a function's work is in its own crate.

pub mod functions;
