//! Messages that wait for a person, over all tenants: one by one, or by their causes.

use super::{Database, QueryError};
use crate::{
    db::{
        TenantTx,
        dead_letters::{dead_letter_list_causes, dead_letter_list_page},
    },
    domain::{
        dead_letter::{DeadLetterFilter, DeadLetterState},
        ids::{DeadLetterId, TenantId},
    },
};

pub use crate::db::dead_letters::{Cause, Letter};

/// The page that a person wants to see.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which letters.
    pub filter: DeadLetterFilter,
    /// What became of them.
    pub state: DeadLetterState,
    /// Where the page before ended.
    pub before: Option<DeadLetterId>,
    /// Items at most.
    pub limit: i64,
}

/// Reads the newest letters that fit: those of all tenants and of none for the operator, and nobody else's for a tenant.
///
/// # Errors
/// A store's failures.
pub async fn letters(database: &Database, caller: TenantId, wanted: &Wanted) -> Result<Vec<Letter>, QueryError> {
    let mut tx = TenantTx::begin(database, caller).await?;
    let page = dead_letter_list_page(&mut tx, &seen_by(caller, &wanted.filter), wanted.state, wanted.before, wanted.limit).await;
    tx.rollback().await;
    Ok(page?)
}

/// Reads the causes of the same letters, the one that appeared last first. A page ends where its last cause's oldest letter is.
///
/// # Errors
/// A store's failures.
pub async fn causes(database: &Database, caller: TenantId, wanted: &Wanted) -> Result<Vec<Cause>, QueryError> {
    let mut tx = TenantTx::begin(database, caller).await?;
    let page = dead_letter_list_causes(&mut tx, &seen_by(caller, &wanted.filter), wanted.state, wanted.before, wanted.limit).await;
    tx.rollback().await;
    Ok(page?)
}

/// What a filter means for this caller: any tenant may be the operator's to ask about, and only its own a tenant's.
fn seen_by(caller: TenantId, filter: &DeadLetterFilter) -> DeadLetterFilter {
    let tenant_id = if caller == TenantId::OPERATOR { filter.tenant_id } else { Some(caller) };
    DeadLetterFilter { tenant_id, ..filter.clone() }
}
