//! What is wrong with a request that fits its shape: every error, each with its place.

use std::fmt;

use super::money::Amount;

/// Characters of what people call a tenant or a key; more are a 422.
pub const NAME_MAX: usize = 200;

/// One thing wrong with what the caller sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON Pointer into the body (RFC 6901): `/lines/0/quantity`.
    pub pointer: String,
    /// Stable: `out_of_range`, `mismatch`, `required`, …
    pub code: &'static str,
    /// For a person; names both numbers where two disagree.
    pub message: String,
}

/// Collects errors, so that a caller learns of all of them at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

/// More errors than this are not reported: nobody reads them, and a body of 1,000 lines could make thousands.
const ERRORS_MAX: usize = 100;

impl FieldErrors {
    /// Whether nothing has been noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes one error.
    pub fn push(&mut self, pointer: impl Into<String>, code: &'static str, message: impl Into<String>) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(FieldError { pointer: pointer.into(), code, message: message.into() });
        }
    }

    /// Notes an error unless the condition holds.
    pub fn require(&mut self, holds: bool, pointer: impl Into<String>, code: &'static str, message: impl fmt::Display) {
        if !holds {
            self.push(pointer, code, message.to_string());
        }
    }

    /// Notes an error unless a text has between one and `max` characters and no control characters.
    pub fn text(&mut self, text: &str, max: usize, pointer: impl Into<String>) {
        let length = text.chars().count();
        if length == 0 || length > max {
            self.push(pointer, "length", format!("must have 1 to {max} characters, has {length}"));
        } else if text.chars().any(char::is_control) {
            self.push(pointer, "control_character", "must not contain control characters");
        }
    }

    /// An amount that must be more than nothing; `None`, with the error noted, when it is not.
    pub fn positive_amount(&mut self, minor_units: i64, pointer: impl Into<String>) -> Option<Amount> {
        let amount = Amount::new(minor_units).ok().filter(|amount| amount.is_positive());
        if amount.is_none() {
            self.push(pointer, "out_of_range", format!("must be 1 to {}, is {minor_units}", Amount::MAX));
        }
        amount
    }

    /// The errors, or nothing if there are none.
    ///
    /// # Errors
    /// Every error noted.
    pub fn into_result(self) -> Result<(), Vec<FieldError>> {
        if self.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// Every error noted.
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }
}

/// Makes a JSON Pointer point one member or item further (RFC 6901 §3).
pub fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
}
