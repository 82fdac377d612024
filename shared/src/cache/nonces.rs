//! Which request signatures were seen already: `n:{tenant}:key:nonce`.

use redis::Value;

use super::{Cache, Unavailable};
use crate::domain::ids::KeyId;

/// How long a nonce is remembered. A signature is acceptable for 300 s after and 60 s before its moment; the rest is room for
/// clocks that differ. Beyond it the signature itself is too old.
const NONCE_TTL_S: u32 = 660;

impl Cache {
    /// Remembers the nonce of a key and answers whether this is the first time.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing is known about the nonce.
    pub async fn nonce_first_seen(&self, key: KeyId, nonce: &str) -> Result<bool, Unavailable> {
        let name = format!("n:{{{}}}:{}:{nonce}", key.tenant.uuid().simple(), key.key.simple());
        let mut command = redis::cmd("SET");
        command.arg(name).arg(1).arg("NX").arg("EX").arg(NONCE_TTL_S);
        // OK when it was set, nil when it was there.
        self.query::<Value>(&command).await.map(|answer| answer != Value::Nil)
    }
}
