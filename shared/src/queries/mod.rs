//! What only reads: one use case a file, named by its verb phrase.

pub mod audit_ledger;
pub mod export_orders;
pub mod get_ledger;
pub mod get_order;
pub mod get_order_history;
pub mod get_tenant;
pub mod list_api_keys;
pub mod list_dead_letters;
pub mod list_orders;
pub mod list_payment_operations;

use std::{error::Error, sync::Arc};

use crate::db;

pub use crate::db::{
    Database,
    orders::{HistoryRow, OrderFilter, OrderSummary},
};

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// No such thing in this tenant.
    #[error("not found")]
    NotFound,
    /// Try again later: PostgreSQL is away or overloaded.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Ours to mend.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl QueryError {
    /// An error that others got as well, so that it cannot be taken apart.
    fn shared(error: Arc<Self>) -> Self {
        match &*error {
            Self::NotFound => Self::NotFound,
            Self::Unavailable(_) => Self::Unavailable(error.into()),
            Self::Internal(_) => Self::Internal(error.into()),
        }
    }
}

impl From<db::Error> for QueryError {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Unavailable(_) | db::Error::CommitUnknown(_) | db::Error::LockTimeout(_) | db::Error::Serialization(_) => {
                Self::Unavailable(error.into())
            }
            db::Error::Constraint(..) | db::Error::Unexpected(_) => Self::Internal(error.into()),
        }
    }
}
