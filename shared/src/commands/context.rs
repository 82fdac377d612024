//! What a command needs of its process.

use std::sync::Arc;

use crate::{db::Database, secrets::Keyring};

/// The stores and keys of this process, shared by every command. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) database: Database,
    pub(crate) keyring: Arc<Keyring>,
}
