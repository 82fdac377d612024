//! What can go wrong with PostgreSQL, sorted by what the caller must do next.

use sqlx::postgres::PgDatabaseError;

/// A failed statement or transaction.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL cannot be reached, is starting, or has no connection free: try again later.
    #[error("PostgreSQL is not available")]
    Unavailable(#[source] sqlx::Error),
    /// COMMIT was sent and not answered: the effect may or may not exist. Only a retry with the same key settles it.
    #[error("the outcome of COMMIT is not known")]
    CommitUnknown(#[source] sqlx::Error),
    /// Another transaction holds the lock longer than we wait.
    #[error("lock not granted in time ({0:?})")]
    LockTimeout(LockWait),
    /// Serialization failure or deadlock: the whole transaction may be run again.
    #[error("transaction must be run again")]
    Serialization(#[source] sqlx::Error),
    /// A named constraint refused the row.
    #[error("constraint {0} violated")]
    Constraint(String, #[source] sqlx::Error),
    /// A bug or a schema that does not fit: nobody's retry helps.
    #[error("unexpected database error")]
    Unexpected(#[source] sqlx::Error),
}

/// What a statement was waiting for when `lock_timeout` cut it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockWait {
    /// The idempotency key or unique value that another request is writing just now.
    Claim,
    /// The row of the order.
    Order,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(database) => match database.try_downcast_ref::<PgDatabaseError>() {
                Some(postgres) => Self::from_code(&SqlState::of(postgres), error),
                None => Self::Unexpected(error),
            },
            _ => Self::Unexpected(error),
        }
    }
}

/// The parts of a server's error that decide, copied out so that the error itself can be kept as source.
struct SqlState {
    code: String,
    constraint: Option<String>,
    waited_for_order: bool,
}

impl SqlState {
    fn of(error: &PgDatabaseError) -> Self {
        Self {
            code: error.code().to_owned(),
            constraint: error.constraint().map(str::to_owned),
            // "while locking tuple (0,1) in relation "orders"": PostgreSQL's context names the relation it waited in.
            waited_for_order: error.r#where().is_some_and(|context| context.contains("in relation \"orders\"")),
        }
    }
}

impl Error {
    /// A stored value that this version cannot read.
    pub(super) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unexpected(sqlx::Error::Decode(error.into()))
    }

    fn from_code(state: &SqlState, error: sqlx::Error) -> Self {
        match (state.code.as_str(), &state.constraint) {
            ("55P03", _) if state.waited_for_order => Self::LockTimeout(LockWait::Order),
            ("55P03", _) => Self::LockTimeout(LockWait::Claim),
            ("40001" | "40P01", _) => Self::Serialization(error),
            // 57P0x: shutting down, crashed, starting; 53300: too many connections; 57014: cut by statement_timeout; 08…: connection.
            ("57P01" | "57P02" | "57P03" | "53300" | "57014" | "08000" | "08003" | "08006", _) => Self::Unavailable(error),
            (_, Some(constraint)) => Self::Constraint(constraint.clone(), error),
            _ => Self::Unexpected(error),
        }
    }

    /// The violated constraint's name, if that was it.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint(name, _) => Some(name),
            _ => None,
        }
    }
}
