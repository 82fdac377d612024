//! The outbox as its owner sees it: a table of weeks, made ahead and dropped whole, and a partition for what has no week.

use jiff_sqlx::ToSqlx;

use super::{Database, Error};
use crate::domain::timestamp::Timestamp;

/// Makes the partitions of the weeks that begin after `after` and until `until`, and says how many were missing.
///
/// # Errors
/// [`Error::LockTimeout`] when somebody holds the outbox; any other [`Error`]. Nothing is made then.
pub async fn outbox_add_weeks(database: &Database, after: Timestamp, until: Timestamp) -> Result<i32, Error> {
    let added = sqlx::query_scalar(include_str!("outbox_add_weeks.sql"))
        .bind(after.to_jiff().to_sqlx())
        .bind(until.to_jiff().to_sqlx())
        .fetch_one(database.system())
        .await?;
    Ok(added)
}

/// The names of the weeks that were over before a moment, the oldest first.
///
/// # Errors
/// Any [`Error`].
pub async fn outbox_old_weeks(database: &Database, before: Timestamp) -> Result<Vec<String>, Error> {
    let weeks =
        sqlx::query_scalar(include_str!("outbox_old_weeks.sql")).bind(before.to_jiff().to_sqlx()).fetch_all(database.system()).await?;
    Ok(weeks)
}

/// Drops a week. False: something of it is still to be sent, or somebody else has dropped it.
///
/// # Errors
/// [`Error::LockTimeout`] when somebody holds the outbox; any other [`Error`].
pub async fn outbox_drop_week(database: &Database, week: &str) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(include_str!("outbox_drop_week.sql")).bind(week).fetch_one(database.system()).await?)
}

/// Deletes published messages that have no week and were written before a moment, `limit` at most. Returns how many.
///
/// # Errors
/// Any [`Error`].
pub async fn outbox_default_delete_old(database: &Database, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let deleted = sqlx::query(include_str!("outbox_default_delete_old.sql"))
        .bind(before.to_jiff().to_sqlx())
        .bind(limit)
        .execute(database.system())
        .await?;
    Ok(deleted.rows_affected())
}
