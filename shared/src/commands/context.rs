//! What a command needs of its process.

use std::sync::Arc;

use super::order_numbers::OrderNumbers;
use crate::{
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
}

impl Context {
    /// A process's context. Only functions that call the payment service need one.
    pub(crate) fn new(database: Database, keyring: Arc<Keyring>, payment_service: Option<PaymentService>) -> Self {
        let waker = OutboxWaker::new(database.clone());
        Self { database, keyring, numbers: Arc::default(), waker, payment_service }
    }
}
