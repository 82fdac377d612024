//! Reads the logs of the processes that `dev` runs: the line that says "ready", and with `--verbose` everything.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The ports a process serves on, from its line "ready".
#[derive(Debug, PartialEq, Eq)]
pub struct Ready {
    /// `server.port`.
    pub server_port: u16,
    /// `metrics.port`; the simulators have none.
    pub metrics_port: Option<u16>,
}

/// Finds the line `{"message":"ready","server.port":N,…}` in a log.
pub fn ready_line(log: &Path) -> Option<Ready> {
    let text = std::fs::read(log).ok()?;
    String::from_utf8_lossy(&text).lines().find_map(parse)
}

fn parse(line: &str) -> Option<Ready> {
    let fields: serde_json::Value = serde_json::from_str(line).ok()?;
    if fields["message"] != "ready" {
        return None;
    }
    let port = |name: &str| fields[name].as_u64().and_then(|port| u16::try_from(port).ok());
    Some(Ready { server_port: port("server.port")?, metrics_port: port("metrics.port") })
}

/// A log shown on stderr as it grows, each line with the name of its process.
pub struct Tail<R> {
    name: String,
    log: R,
    unfinished: String,
}

impl Tail<File> {
    /// Begins at the start of the log; nothing when it cannot be read.
    pub fn open(name: &str, log: &Path) -> Option<Self> {
        Some(Self { name: name.to_owned(), log: File::open(log).ok()?, unfinished: String::new() })
    }
}

impl<R: Read> Tail<R> {
    /// Shows what has come since.
    pub fn show(&mut self) {
        for line in self.lines() {
            eprintln!("{:<10} | {line}", self.name);
        }
    }

    /// The lines completed since the last call; half a line waits for its end.
    fn lines(&mut self) -> Vec<String> {
        let mut bytes = Vec::new();
        if self.log.read_to_end(&mut bytes).is_err() {
            return Vec::new();
        }
        self.unfinished.push_str(&String::from_utf8_lossy(&bytes));
        let end = self.unfinished.rfind('\n').map_or(0, |end| end + 1);
        self.unfinished.drain(..end).as_str().lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ready, Tail, parse};

    #[test]
    fn finds_the_ports_in_the_line_ready() {
        let line = r#"{"@timestamp":"…","message":"ready","server.port":8080,"metrics.port":9464}"#;
        assert_eq!(parse(line), Some(Ready { server_port: 8080, metrics_port: Some(9464) }));
        assert_eq!(parse(r#"{"message":"ready","server.port":1}"#), Some(Ready { server_port: 1, metrics_port: None }));
        assert_eq!(parse(r#"{"message":"starting","server.port":1}"#), None);
        assert_eq!(parse("ready"), None);
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let mut tail = Tail { name: "x".into(), log: &b"one\ntw"[..], unfinished: String::new() };
        assert_eq!(tail.lines(), ["one"]);
        tail.log = b"o\n";
        assert_eq!(tail.lines(), ["two"]);
    }
}
