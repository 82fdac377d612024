//! Reads a command's options. Each command states its own few, so this stays a page long instead of a dependency.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;

use crate::failure::{Failure, Result};

/// What a command accepts: flags that stand alone and options that take a value (`--port 80` or `--port=80`).
#[derive(Clone, Copy)]
pub struct Accepted {
    /// Names without value, as typed: `--debug`.
    pub flags: &'static [&'static str],
    /// Names followed by a value.
    pub values: &'static [&'static str],
    /// How many words may stand alone; one more is an error.
    pub words_max: usize,
}

/// What was typed, sorted by kind.
#[derive(Debug, Default)]
pub struct Options {
    flags: Vec<String>,
    values: BTreeMap<String, String>,
    /// The words that are no options, in order.
    pub words: Vec<String>,
}

impl Options {
    /// Reads `arguments`; an unknown or repeated option, a missing value or a word too many is an error that names it.
    pub fn read(arguments: Vec<String>, accepted: &Accepted) -> Result<Self> {
        let mut options = Self::default();
        let mut arguments = VecDeque::from(arguments);
        while let Some(argument) = arguments.pop_front() {
            let (name, joined) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (argument, None),
            };
            if accepted.values.contains(&name.as_str()) {
                let Some(value) = joined.or_else(|| arguments.pop_front()) else {
                    return Err(Failure::new(format!("{name} needs a value")));
                };
                if options.values.insert(name.clone(), value).is_some() {
                    return Err(Failure::new(format!("{name} is given twice")));
                }
            } else if accepted.flags.contains(&name.as_str()) && joined.is_none() {
                options.flags.push(name);
            } else if name.starts_with('-') {
                return Err(Failure::new(format!("{name} is not an option of this command; see --help")));
            } else {
                options.words.push(name);
            }
        }
        match options.words.get(accepted.words_max) {
            Some(word) => Err(Failure::new(format!("{word:?} is one word too many; see --help"))),
            None => Ok(options),
        }
    }

    /// Takes every occurrence of an option that may be typed more than once out of `arguments`, before the rest is read.
    pub fn take_repeated(arguments: &mut Vec<String>, name: &str) -> Result<Vec<String>> {
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        let mut all = std::mem::take(arguments).into_iter();
        while let Some(argument) = all.next() {
            match argument.strip_prefix(name) {
                Some("") => taken.push(all.next().ok_or_else(|| Failure::new(format!("{name} needs a value")))?),
                Some(rest) if rest.starts_with('=') => taken.push(rest[1..].to_owned()),
                _ => left.push(argument),
            }
        }
        *arguments = left;
        Ok(taken)
    }

    /// Whether the flag was typed.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|typed| typed == flag)
    }

    /// The value of an option as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of an option as a number or another type; a value that does not fit is an error that names the option.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let value = text.parse().map_err(|_| Failure::new(format!("{name} does not take {text:?}")))?;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::{Accepted, Options};

    const ACCEPTED: Accepted = Accepted { flags: &["--debug"], values: &["--port"], words_max: 1 };

    fn read(line: &str) -> Result<Options, String> {
        Options::read(line.split_whitespace().map(str::to_owned).collect(), &ACCEPTED).map_err(|e| e.to_string())
    }

    #[test]
    fn reads_flags_values_and_words() {
        let options = read("--debug word --port=80").unwrap();
        assert!(options.has("--debug"));
        assert_eq!(options.parsed::<u16>("--port").unwrap(), Some(80));
        assert_eq!(options.words, ["word"]);
        assert_eq!(read("--port 81").unwrap().text("--port"), Some("81"));
    }

    #[test]
    fn an_option_that_may_be_repeated_is_taken_out_in_order() {
        let mut arguments = ["--header", "a: 1", "word", "--header=b: 2=3", "--headers"].map(str::to_owned).to_vec();
        assert_eq!(Options::take_repeated(&mut arguments, "--header").unwrap(), ["a: 1", "b: 2=3"]);
        assert_eq!(arguments, ["word", "--headers"]);
        let mut arguments = vec!["--header".to_owned()];
        assert!(Options::take_repeated(&mut arguments, "--header").is_err());
    }

    #[test]
    fn names_what_it_does_not_accept() {
        for (line, named) in [
            ("--prot 1", "--prot"),
            ("--port", "needs a value"),
            ("--port 1 --port 2", "given twice"),
            ("--debug=yes", "--debug"),
            ("one two", "\"two\""),
        ] {
            let message = read(line).unwrap_err();
            assert!(message.contains(named), "{line}: {message}");
        }
        assert!(read("--port x").unwrap().parsed::<u16>("--port").is_err());
    }
}
