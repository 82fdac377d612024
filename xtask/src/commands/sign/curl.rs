//! A request as a `curl` command: as the line to paste into bash, and as a process to start. Both come from one list of
//! arguments.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use crate::failure::{Failure, Result};

/// A body and how curl gets it.
pub enum Body {
    /// curl reads the file when it runs.
    File {
        /// As it was typed.
        name: String,
        /// What it holds now.
        bytes: Vec<u8>,
    },
    /// It stands in the line.
    Inline(Vec<u8>),
}

impl Body {
    /// What is sent.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::File { bytes, .. } | Self::Inline(bytes) => bytes,
        }
    }
}

/// The arguments of one call, in the groups that share a line.
pub struct Curl(Vec<Vec<Vec<u8>>>);

impl Curl {
    /// Puts the call together.
    pub fn new(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&Body>) -> Result<Self> {
        let words = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
        // What curl would make of a path or a query, were it let: `..` taken out, `{a,b}` and `[1-9]` expanded.
        let mut first = words(&["--silent", "--show-error", "--fail-with-body", "--path-as-is", "--globoff"]);
        // A HEAD asked for by --request would wait for the body that never comes.
        first.extend(if method == "HEAD" { words(&["--head"]) } else { words(&["--request", method]) });
        first.extend(words(&[url]));
        let mut groups = vec![first];
        groups.extend(headers.iter().map(|(name, value)| words(&["--header", &format!("{name}: {value}")])));
        match body {
            None => {}
            Some(Body::File { name, .. }) => groups.push(words(&["--data-binary", &format!("@{name}")])),
            Some(Body::Inline(bytes)) if bytes.contains(&0) => {
                return Err(Failure::new("the body has NUL bytes, which no command line can hold: give it as --body FILE"));
            }
            Some(Body::Inline(bytes)) => groups.push(vec![b"--data-raw".to_vec(), bytes.clone()]),
        }
        Ok(Self(groups))
    }

    /// The line for bash, continued where a group ends.
    pub fn line(&self) -> String {
        let groups: Vec<String> = self.0.iter().map(|words| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")).collect();
        format!("curl {}", groups.join(" \\\n  "))
    }

    /// The process.
    pub fn command(&self) -> Command {
        let mut command = Command::new("curl");
        command.args(self.0.iter().flatten().map(|word| OsString::from_vec(word.clone())));
        command
    }
}

/// One word as bash reads it back byte for byte: bare when it is plain, in single quotes when it is text, else escaped.
fn quoted(word: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(byte);
    match std::str::from_utf8(word) {
        Ok(text) if !text.is_empty() && word.iter().all(is_plain) => text.to_owned(),
        Ok(text) if !text.chars().any(|letter| letter.is_control() && letter != '\n') => format!("'{}'", text.replace('\'', "'\\''")),
        _ => {
            let escaped: String = word
                .iter()
                .map(|byte| match byte {
                    b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                    b' '..=b'~' => char::from(*byte).to_string(),
                    other => format!("\\x{other:02x}"),
                })
                .collect();
            format!("$'{escaped}'")
        }
    }
}
