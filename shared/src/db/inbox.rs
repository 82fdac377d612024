//! The claims of messages, as they are let go of. A claim is made in the statement that locks what the message is about
//! (`order_lock_for_message.sql`).

use jiff_sqlx::ToSqlx;

use super::{Database, Error};
use crate::domain::timestamp::Timestamp;

/// Deletes claims that were made before a moment, the oldest first, `limit` at most. Returns how many. Under a role that sees all tenants.
///
/// # Errors
/// Any [`Error`].
pub async fn inbox_delete_old(database: &Database, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let deleted =
        sqlx::query(include_str!("inbox_delete_old.sql")).bind(before.to_jiff().to_sqlx()).bind(limit).execute(database.system()).await?;
    Ok(deleted.rows_affected())
}
