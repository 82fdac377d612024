//! Reads variables and collects everything wrong with them, so that an operator mends an environment in one go.

use std::fmt;

use secrecy::SecretString;

/// Where variables come from: the process's environment, or a map in a test.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// One pass over the environment.
///
/// A getter that finds something wrong notes it and answers with a placeholder. No placeholder is ever used: a reader that noted
/// anything yields no configuration ([`finish`](Self::finish)).
pub struct Reader<'a> {
    lookup: Lookup<'a>,
    problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    variable: &'static str,
    text: String,
}

/// The environment does not describe a process that could run. Displayed as one message, each problem a line
/// `VARIABLE: what is wrong, what is expected`; no value of a variable is repeated in it, because it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Reads by `lookup`.
    pub fn new(lookup: Lookup<'a>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// The text of a variable. Set to nothing counts as not set: that is how shells and manifests leave one out.
    pub fn optional(&self, variable: &'static str) -> Option<String> {
        (self.lookup)(variable).filter(|text| !text.is_empty())
    }

    /// The text of a variable that must be set to `expected`.
    pub fn required(&mut self, variable: &'static str, expected: &str) -> String {
        self.optional(variable).unwrap_or_else(|| {
            self.problem(variable, format!("is not set; expected {expected}"));
            String::new()
        })
    }

    /// As [`required`](Self::required), for what must not be printed.
    pub fn required_secret(&mut self, variable: &'static str, expected: &str) -> SecretString {
        self.required(variable, expected).into()
    }

    /// A variable read by `parse`, or the default when it is not set.
    pub fn parsed<T>(&mut self, variable: &'static str, default: T, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> T {
        let Some(text) = self.optional(variable) else { return default };
        parse(&text).unwrap_or_else(|| {
            self.problem(variable, format!("is not understood; expected {expected}"));
            default
        })
    }

    /// Notes what is wrong with a variable: a clause that follows its name.
    pub fn problem(&mut self, variable: &'static str, text: impl Into<String>) {
        self.problems.push(Problem { variable, text: text.into() });
    }

    /// Whether the environment is whole.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that was noted.
    pub fn finish(&mut self) -> Result<(), ConfigError> {
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError { problems: std::mem::take(&mut self.problems) }) }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the environment does not describe a process that can run:")?;
        for Problem { variable, text } in &self.problems {
            write!(f, "\n  {variable}: {text}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
