//! Why a caller wants something: a code, not prose, because history keeps it for ever and must hold no personal data.

use serde::Deserialize;

/// Characters of a reason at most.
pub const REASON_MAX: usize = 64;

/// A reason code: `customer_request`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Reason(String);

impl Reason {
    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=REASON_MAX).contains(&text.len()) && text.bytes().all(is_code) {
            Ok(Self(text))
        } else {
            Err(format!("a reason is a code of 1 to {REASON_MAX} characters a-z, 0-9 and _, such as customer_request"))
        }
    }
}
