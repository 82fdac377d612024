//! What a command prints for others to read, on stdout. A reader who has read enough (`| head`) is no failure.

use std::io::{self, ErrorKind, Write};

use crate::failure::{Context, Result};

/// Prints a text and a line's end.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context(|| "cannot write to stdout".into()),
    }
}
