//! Sessions that nobody has ended: `s:{tenant}:session`. What a session may do is in its token; here it says that the token still counts.

use super::{Cache, Unavailable, tag};
use crate::domain::{
    ids::{SessionId, TenantId},
    session::SESSION_SECONDS,
};

/// A session's name in Redis.
pub(super) fn name(tenant: TenantId, session: SessionId) -> String {
    format!("s:{}:{}", tag(tenant), session.uuid().simple())
}

impl Cache {
    /// Begins a session, for as long as one lasts.
    ///
    /// # Errors
    /// [`Unavailable`]: nobody would know it.
    pub async fn session_begin(&self, tenant: TenantId, session: SessionId) -> Result<(), Unavailable> {
        let mut command = redis::cmd("SET");
        command.arg(name(tenant, session)).arg(1).arg("EX").arg(SESSION_SECONDS);
        self.query(tenant, &command).await
    }

    /// Ends a session. False: there is none.
    ///
    /// # Errors
    /// [`Unavailable`]: whether it has ended is not known.
    pub async fn session_end(&self, tenant: TenantId, session: SessionId) -> Result<bool, Unavailable> {
        let mut command = redis::cmd("DEL");
        command.arg(name(tenant, session));
        self.query(tenant, &command).await
    }
}
