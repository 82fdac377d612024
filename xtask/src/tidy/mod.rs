//! The rules of the house that neither compiler nor clippy knows, one file a subject. A rule takes source text and gives
//! findings; which files it sees is decided by the command `tidy`.

pub mod functions;
pub mod rings;
pub mod shape;
pub mod source;
pub mod sql;

use std::fmt;

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the checkout.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and why it matters.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.why)
    }
}
