//! What the wrapper and every call share.

use std::sync::Arc;

use super::pagination::CursorKey;
use crate::{auth::Authenticator, commands::Context, db::Database, live::Hub, queries::get_order::SharedReads, secrets::WebhookSecret};

/// Stores, keys and authenticator of this process. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Shared>);

struct Shared {
    context: Context,
    database: Database,
    authenticator: Authenticator,
    cursor_key: CursorKey,
    webhook_secrets: Vec<WebhookSecret>,
    live: Hub,
    reads: SharedReads,
}

impl State {
    /// `context` for commands, `database` for queries, `authenticator` for everyone who calls, `webhook_secrets` for the partner who pushes,
    /// `live` for those who follow orders.
    pub fn new(context: Context, database: Database, authenticator: Authenticator, webhook_secrets: Vec<WebhookSecret>, live: Hub) -> Self {
        let cursor_key = CursorKey::new(context.keyring.derive("cursor"));
        Self(Arc::new(Shared { context, database, authenticator, cursor_key, webhook_secrets, live, reads: SharedReads::default() }))
    }

    pub(super) fn context(&self) -> &Context {
        &self.0.context
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(super) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    pub(super) fn webhook_secrets(&self) -> &[WebhookSecret] {
        &self.0.webhook_secrets
    }

    pub(super) fn live(&self) -> &Hub {
        &self.0.live
    }

    pub(super) fn reads(&self) -> &SharedReads {
        &self.0.reads
    }

    pub(super) fn cursor_key(&self) -> &CursorKey {
        &self.0.cursor_key
    }
}
