//! The HTTP answer of a committed effect, as it is stored with the effect and replayed byte for byte.

use serde::{Deserialize, Serialize};

use super::CommandError;
use crate::domain::order::Order;

/// Renders the answer that is stored with an effect, from what came of it: mostly the order after it.
pub type Render<'r, T = Order> = &'r (dyn Fn(&T) -> Result<Answer, CommandError> + Send + Sync);

/// Everything of a 2xx answer that a replay must repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status, 2xx.
    pub status: u16,
    /// `Location` header.
    pub location: Option<String>,
    /// `ETag` header, quoted: `"v1"`.
    pub etag: Option<String>,
    /// The JSON body.
    pub body: String,
}

/// What a command with an idempotency key came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// What to answer.
    pub answer: Answer,
    /// The effect is older than this request: `Idempotency-Replayed: true`.
    pub replayed: bool,
}
