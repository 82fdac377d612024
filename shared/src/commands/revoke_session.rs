//! Revoke a session: it ends at once and everywhere.

use super::{CommandError, Context};
use crate::domain::ids::{SessionId, TenantId};

/// Revokes it.
///
/// # Errors
/// [`CommandError::NotFound`] also for one that has ended and for another tenant's; [`CommandError::Unavailable`] when Redis is away.
pub async fn execute(context: &Context, tenant: TenantId, session: SessionId) -> Result<(), CommandError> {
    let ended = context.redis()?.session_end(tenant, session).await.map_err(CommandError::without_redis)?;
    ended.then_some(()).ok_or(CommandError::NotFound)
}
