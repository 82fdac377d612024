//! Bring the schema up to date.

use secrecy::SecretString;

use super::CommandError;
use crate::db::migrations;

/// Applies the migrations that are missing, under an advisory lock; safe to run again. Returns how many the schema now has.
///
/// # Errors
/// [`CommandError::Unavailable`] when PostgreSQL is away; [`CommandError::Internal`] when a migration fails or was edited after it was
/// applied.
pub async fn execute(direct_url: &SecretString) -> Result<usize, CommandError> {
    Ok(migrations::migrate(direct_url).await?)
}
