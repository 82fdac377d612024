//! What a command needs of its process.

use std::sync::Arc;

use super::{CommandError, order_numbers::OrderNumbers};
use crate::{
    cache::Cache,
    db::{Database, outbox::OutboxWaker},
    partners::PaymentService,
    secrets::Keyring,
};

/// The stores, keys and partners of this process, shared by every command. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) database: Database,
    pub(crate) keyring: Arc<Keyring>,
    pub(super) numbers: Arc<OrderNumbers>,
    pub(super) waker: OutboxWaker,
    pub(super) payment_service: Option<PaymentService>,
    pub(crate) cache: Option<Cache>,
}

impl Context {
    /// A process's context: its database and keys.
    pub(crate) fn new(database: Database, keyring: Arc<Keyring>) -> Self {
        let waker = OutboxWaker::new(database.clone());
        Self { database, keyring, numbers: Arc::default(), waker, payment_service: None, cache: None }
    }

    /// For functions that call the payment service.
    #[must_use]
    pub(crate) fn with_payment_service(self, payment_service: Option<PaymentService>) -> Self {
        Self { payment_service, ..self }
    }

    /// Redis, for what exists nowhere else.
    ///
    /// # Errors
    /// [`CommandError::Internal`] in a process that has none.
    pub(super) fn redis(&self) -> Result<&Cache, CommandError> {
        self.cache.as_ref().ok_or_else(|| CommandError::Internal("this process has no Redis".into()))
    }

    /// For functions that answer requests.
    #[must_use]
    pub(crate) fn with_cache(self, cache: Option<Cache>) -> Self {
        Self { cache, ..self }
    }
}
