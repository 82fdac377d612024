//! Dead letters as a person looks for them: one by one, or by their causes.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::{Row, types::Json};
use uuid::Uuid;

use super::choose;
use crate::{
    db::{Error, TenantTx},
    domain::{
        dead_letter::{DeadClass, DeadLetterFilter, DeadLetterState},
        ids::DeadLetterId,
        timestamp::Timestamp,
    },
};

/// A dead letter without its message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Letter {
    /// Its id.
    pub id: Uuid,
    /// Whose it is; nothing when it names no tenant that we knew.
    pub tenant_id: Option<Uuid>,
    /// The function that refused it, or that died of it.
    pub consumer: String,
    /// CloudEvents `source`, if it could be read.
    pub source: Option<String>,
    /// CloudEvents `id`, if it could be read.
    pub message_id: Option<String>,
    /// CloudEvents `type`, if it could be read.
    pub r#type: Option<String>,
    /// By which operators group.
    pub reason_class: DeadClass,
    /// One sentence; no value of the message.
    pub reason: String,
    /// The message with every value masked.
    pub preview: Value,
    /// What became of it.
    pub state: DeadLetterState,
    /// How often the message died while the letter was open.
    pub occurrences: u64,
    /// When it died first.
    pub created_at: Timestamp,
    /// When it died last.
    pub last_seen_at: Timestamp,
    /// When a person settled it.
    pub settled_at: Option<Timestamp>,
}

/// Letters of one consumer and type that are dead for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Cause {
    /// The oldest of them, which is the cause's place in the list.
    pub first_id: Uuid,
    /// The newest of them, to look at.
    pub example_id: Uuid,
    /// The function that refused them, or that died of them.
    pub consumer: String,
    /// Their CloudEvents `type`, if it could be read.
    pub r#type: Option<String>,
    /// Their class.
    pub reason_class: DeadClass,
    /// One sentence.
    pub reason: String,
    /// How many letters there are.
    pub count: u64,
    /// How often their messages died.
    pub occurrences: u64,
    /// When the first of them died.
    pub first_seen_at: Timestamp,
    /// When one of them died last.
    pub last_seen_at: Timestamp,
}

/// A page of letters, newest first, so many at most: of one tenant if the filter names one, else of all that the transaction sees.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_list_page(
    tx: &mut TenantTx,
    filter: &DeadLetterFilter,
    state: DeadLetterState,
    before: Option<DeadLetterId>,
    limit: i64,
) -> Result<Vec<Letter>, Error> {
    documents(tx, include_str!("dead_letter_list_page.sql"), filter, state, before, limit).await
}

/// A page of causes, the one that appeared last first, so many at most; `before` is the oldest letter of the page before's last.
///
/// # Errors
/// Any [`Error`].
pub async fn dead_letter_list_causes(
    tx: &mut TenantTx,
    filter: &DeadLetterFilter,
    state: DeadLetterState,
    before: Option<DeadLetterId>,
    limit: i64,
) -> Result<Vec<Cause>, Error> {
    documents(tx, include_str!("dead_letter_list_causes.sql"), filter, state, before, limit).await
}

async fn documents<T: DeserializeOwned + Send + Unpin>(
    tx: &mut TenantTx,
    statement: &'static str,
    filter: &DeadLetterFilter,
    state: DeadLetterState,
    before: Option<DeadLetterId>,
    limit: i64,
) -> Result<Vec<T>, Error> {
    let rows = choose(statement, filter, state, before, limit).fetch_all(tx.connection()).await?;
    rows.iter().map(|row| row.try_get::<Json<T>, _>(0).map(|Json(document)| document).map_err(Error::from)).collect()
}
