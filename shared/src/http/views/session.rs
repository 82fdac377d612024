//! A session as those see it who lend it.

use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    commands::create_session::FreshSession,
    domain::{ids::SessionId, permissions::Permission, timestamp::Timestamp},
};

/// A session with its token: shown in the answer that tells of its making, and never again.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView<'a> {
    id: SessionId,
    /// What its holder sends: `Authorization: Bearer …`.
    #[schema(pattern = r"^ses_[0-9a-f]{32}\.[A-Za-z0-9_-]+$")]
    token: &'a str,
    /// What may be read with it.
    scopes: &'a [Permission],
    expires_at: Timestamp,
}

impl<'a> SessionView<'a> {
    /// Shows a session that was just made.
    pub fn new(fresh: &'a FreshSession) -> Self {
        let FreshSession { session, token } = fresh;
        Self { id: session.id, token: token.expose_secret(), scopes: &session.scopes, expires_at: session.expires_at }
    }
}
