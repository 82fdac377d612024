//! The trail of administrative actions: one row in the transaction of each effect.

use serde_json::Value;

use super::CommandError;
use crate::{
    clock::IdsAt,
    db::{
        TenantTx,
        audit::{self, AuditRow},
    },
    domain::{
        actor::Actor,
        audit::AuditAction,
        ids::{NewIds, TenantId},
        timestamp::Timestamp,
    },
};

/// What was done, to whom it is told.
pub(super) struct Done<'a> {
    /// The tenant it was done to.
    pub tenant: TenantId,
    /// Who did it.
    pub actor: Actor,
    /// What it was.
    pub action: AuditAction,
    /// To what.
    pub subject: &'a str,
    /// What changed; never a secret, never personal data.
    pub detail: Value,
}

/// Records it, in the transaction of its effect.
///
/// # Errors
/// A store's failures.
pub(super) async fn record(tx: &mut TenantTx, done: Done<'_>, now: Timestamp) -> Result<(), CommandError> {
    let Done { tenant, actor, action, subject, detail } = done;
    let id = IdsAt::new(now).next_uuid();
    Ok(audit::audit_insert(tx, &AuditRow { tenant, id, actor, action, subject, detail: &detail, now }).await?)
}
