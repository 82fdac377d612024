//! Who did it: the actor that every history row names.

use std::fmt;

use super::ids::KeyId;

/// The cause of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A caller, by its key.
    Key(KeyId),
    /// One of our functions, on behalf of a message or a timer: `on-payment-event`.
    Function(&'static str),
    /// Whoever runs the service, at its command line.
    CommandLine,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "{id}"),
            Self::Function(name) => write!(f, "function:{name}"),
            Self::CommandLine => f.write_str("command-line"),
        }
    }
}
