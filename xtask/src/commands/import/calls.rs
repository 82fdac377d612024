//! Cuts a file into calls: so many lines at most, so many bytes at most, and never more of the file in memory than one call.

use std::io::{self, BufRead, Read};

/// Lines that the service takes in one call.
pub const LINES_MAX: usize = 2_000;
/// Bytes of a call. The service takes 5 MiB; in base64, as AWS Lambda gets them, they would be more than Lambda takes.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A line that has something on it.
pub struct Line {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Without its end. One that is longer than a call may be is cut, so that the service refuses it.
    pub text: Vec<u8>,
}

/// The calls of a file.
pub struct Calls<R> {
    reader: R,
    lines_max: usize,
    number: u64,
    /// The line that begins the next call, because this one is full.
    held: Option<Line>,
}

impl<R: BufRead> Calls<R> {
    /// Of so many lines at most.
    pub fn new(reader: R, lines_max: usize) -> Self {
        Self { reader, lines_max, number: 0, held: None }
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut text = Vec::new();
            if self.reader.by_ref().take(BYTES_MAX as u64).read_until(b'\n', &mut text)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if text.last() != Some(&b'\n') {
                self.pass_over_the_rest()?;
            }
            while text.last().is_some_and(u8::is_ascii_whitespace) {
                text.pop();
            }
            if !text.is_empty() {
                return Ok(Some(Line { number: self.number, text }));
            }
        }
    }

    /// Reads up to the end of a line of which enough was seen.
    fn pass_over_the_rest(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let (length, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(index) => (index + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(length);
            if ended {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for Calls<R> {
    type Item = io::Result<Vec<Line>>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < self.lines_max {
            let line = match self.held.take().map_or_else(|| self.line(), |line| Ok(Some(line))) {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => return Some(Err(error)),
            };
            bytes += line.text.len() + 1;
            if bytes > BYTES_MAX && !lines.is_empty() {
                self.held = Some(line);
                break;
            }
            lines.push(line);
        }
        if lines.is_empty() { None } else { Some(Ok(lines)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Calls};

    fn cut(text: &str, lines_max: usize) -> Vec<Vec<(u64, usize)>> {
        let calls = Calls::new(text.as_bytes(), lines_max);
        calls.map(|call| call.unwrap().iter().map(|line| (line.number, line.text.len())).collect()).collect()
    }

    #[test]
    fn a_call_has_so_many_lines_and_blank_ones_only_count() {
        assert_eq!(cut("a\n\nbb\r\n  \nccc", 2), [vec![(1, 1), (3, 2)], vec![(5, 3)]]);
        assert_eq!(cut("\n\n", 2), Vec::<Vec<_>>::new());
    }

    #[test]
    fn a_call_has_so_many_bytes_and_no_line_is_lost() {
        let line = "x".repeat(BYTES_MAX / 2 - 1);
        assert_eq!(cut(&format!("{line}\n{line}\nc\n"), 2_000), [vec![(1, line.len()), (2, line.len())], vec![(3, 1)]]);
        let long = "x".repeat(3 * BYTES_MAX);
        assert_eq!(cut(&format!("a\n{long}\nc\n"), 2_000), [vec![(1, 1)], vec![(2, BYTES_MAX)], vec![(3, 1)]]);
    }
}
