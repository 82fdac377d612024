//! The type of personal data: it goes over the wire and into the database, never into a log line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that `{:?}` does not show. It has no `Display` on purpose: to print it is a decision, and [`expose`](Self::expose) marks it.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps it.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for those who store or send it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, unwrapped.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_what_json_carries() {
        #[derive(Debug, Serialize)]
        struct Customer {
            email: Redacted<&'static str>,
        }
        let customer = Customer { email: "kim@example.com".into() };
        assert_eq!(format!("{customer:?}"), "Customer { email: ‹redacted› }");
        assert_eq!(serde_json::to_string(&customer).unwrap(), r#"{"email":"kim@example.com"}"#);
    }
}
