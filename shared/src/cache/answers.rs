//! Answers that were replayed before: `i:{tenant}:function:key`. The stored record in PostgreSQL is the truth; this copy only spares it
//! a storm of repeats.

use super::{Cache, Unavailable, tag};
use crate::domain::ids::TenantId;

/// Whose answer, to what.
#[derive(Debug, Clone, Copy)]
pub struct AnswerKey<'a> {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The function called.
    pub function: &'a str,
    /// The caller's idempotency key.
    pub key: &'a str,
}

impl AnswerKey<'_> {
    /// Its name in Redis.
    pub(super) fn name(&self) -> String {
        format!("i:{}:{}:{}", tag(self.tenant), self.function, self.key)
    }
}

impl Cache {
    /// Keeps a sealed answer for so many seconds.
    ///
    /// # Errors
    /// [`Unavailable`]: it is not kept, which costs the next repeat a look into PostgreSQL.
    pub async fn answer_keep(&self, key: AnswerKey<'_>, sealed: &[u8], ttl_s: u32) -> Result<(), Unavailable> {
        let mut command = redis::cmd("SET");
        command.arg(key.name()).arg(sealed).arg("EX").arg(ttl_s);
        self.query(key.tenant, &command).await
    }
}
