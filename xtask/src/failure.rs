//! What goes wrong in a command: one sentence for the person who typed it. No recovery and no printing happens here.

use std::fmt;

/// The reason a command stops, as a sentence that reads alone. `main` prints it on stderr and exits with 1.
#[derive(Debug)]
pub struct Failure(String);

/// The result of everything in xtask that can fail.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A failure of which everything has been said already.
    pub fn told() -> Self {
        Self::new("")
    }

    /// Whether nothing is left to say.
    pub fn is_told(&self) -> bool {
        self.0.is_empty()
    }

    /// What to say when Ctrl-C or SIGTERM ended the work: not an error of anything.
    pub fn interrupted() -> Self {
        Self::new("stopped by a signal")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Adds to an error what was being done, so that the message reads alone.
pub trait Context<T> {
    /// Turns the error into a `Failure` that says `doing: error`.
    fn context(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure(format!("{}: {error}", doing())))
    }
}
