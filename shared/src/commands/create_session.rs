//! Create a session: a key lends what it may read for a quarter of an hour. It exists in its token and, until it ends, in Redis.

use secrecy::SecretString;

use super::{CommandError, Context};
use crate::{
    clock::{self, IdsAt},
    domain::{
        ids::{KeyId, NewIds, SessionId},
        permissions::Permission,
        session::{NotLent, Session, SessionRequest},
    },
    secrets,
};

/// A session, and what its holder sends to read with it.
pub struct FreshSession {
    /// The session.
    pub session: Session,
    /// Shown once.
    pub token: SecretString,
}

/// Creates one of the calling key, which holds `scopes`.
///
/// # Errors
/// [`CommandError::Invalid`], [`CommandError::ScopeNotHeld`]; [`CommandError::Unavailable`] when Redis is away: nobody could end it.
pub async fn execute(context: &Context, key: KeyId, scopes: &[Permission], request: &SessionRequest) -> Result<FreshSession, CommandError> {
    let now = clock::now();
    let id = SessionId::new(IdsAt::new(now).next_uuid());
    let session = Session::begin(request, id, key, scopes, now)?;
    let token = secrets::session_token(&context.keyring, &session).map_err(|error| CommandError::Internal(error.into()))?;
    context.redis()?.session_begin(key.tenant, id).await.map_err(CommandError::without_redis)?;
    Ok(FreshSession { session, token })
}

impl From<NotLent> for CommandError {
    fn from(refused: NotLent) -> Self {
        match refused {
            NotLent::Invalid(errors) => Self::Invalid(errors),
            NotLent::NotHeld(scope) => Self::ScopeNotHeld(scope),
        }
    }
}
