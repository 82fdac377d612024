//! What a request asks of Redis, in one round trip: whether its signature was seen before, and the answer it may have had already.

use redis::Value;

use super::{AnswerKey, Cache, Unavailable};
use crate::domain::ids::KeyId;

/// How long a nonce is remembered. A signature is acceptable for 300 s after and 60 s before its moment; the rest is room for
/// clocks that differ. Beyond it the signature itself is too old.
const NONCE_TTL_S: u32 = 660;

/// What Redis knows of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// Nobody has used this nonce of this key before.
    pub nonce_is_new: bool,
    /// The sealed answer of an earlier request with this idempotency key.
    pub answer: Option<Vec<u8>>,
}

impl Cache {
    /// Remembers the nonce of a key (`n:{tenant}:key:nonce`) and looks for a kept answer.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing is known.
    pub async fn admit(&self, key: KeyId, nonce: &str, answer: Option<AnswerKey<'_>>) -> Result<Known, Unavailable> {
        let name = format!("n:{{{}}}:{}:{nonce}", key.tenant.uuid().simple(), key.key.simple());
        let mut pipeline = redis::pipe();
        pipeline.cmd("SET").arg(name).arg(1).arg("NX").arg("EX").arg(NONCE_TTL_S);
        if let Some(answer) = answer {
            pipeline.cmd("GET").arg(answer.name());
        }
        // SET answers OK when it was set and nil when it was there; GET the bytes or nil.
        let mut answers = self.query_pipeline(&pipeline).await?.into_iter();
        let nonce_is_new = answers.next().is_some_and(|set| set != Value::Nil);
        let answer = answers.next().and_then(|found| if let Value::BulkString(bytes) = found { Some(bytes) } else { None });
        Ok(Known { nonce_is_new, answer })
    }
}
