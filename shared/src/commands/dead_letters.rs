//! What replaying and discarding have in common: the letters that are meant, and what came of each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    CommandError, Origin,
    audit::{self, Done},
};
use crate::{
    db::{
        TenantTx,
        dead_letters::{LetterPlace, dead_letter_find, dead_letter_find_open},
    },
    domain::{
        audit::AuditAction,
        dead_letter::{DeadLetterFilter, DeadLetterRefusal, DeadLetterState, LETTERS_MAX, Selection},
        ids::{DeadLetterId, TenantId},
        timestamp::Timestamp,
    },
};

/// Letters that are read and settled by one statement: their messages are in memory together.
const CHUNK: usize = 50;

/// What came of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Letters that were settled.
    pub count: usize,
    /// Those that were left as they are, and why.
    pub refused: Vec<(DeadLetterId, DeadLetterRefusal)>,
    /// The last letter that the call looked at, if its filter matches more.
    pub next_after: Option<DeadLetterId>,
}

/// The letters that a call is about, by whom they belong to, in pieces that fit in memory.
pub(super) struct Meant(BTreeMap<Option<TenantId>, Vec<DeadLetterId>>);

impl Meant {
    /// Finds them: any tenant's for the operator, only its own for a tenant. What is refused without a look at it is noted.
    ///
    /// # Errors
    /// A store's failures.
    pub(super) async fn find(
        tx: &mut TenantTx,
        origin: &Origin,
        selection: &Selection,
        settled: &mut Settled,
    ) -> Result<Self, CommandError> {
        let of = (origin.tenant != TenantId::OPERATOR).then_some(origin.tenant);
        let places = match selection {
            Selection::Ids(ids) => by_ids(tx, ids, of, settled).await?,
            Selection::Filter(filter) => by_filter(tx, filter, of, settled).await?,
        };
        let mut meant: BTreeMap<Option<TenantId>, Vec<DeadLetterId>> = BTreeMap::new();
        for LetterPlace { id, tenant } in places {
            meant.entry(tenant).or_default().push(id);
        }
        Ok(Self(meant))
    }

    /// Each piece with whom it belongs to; nobody is the operator.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Option<TenantId>, &[DeadLetterId])> {
        self.0.iter().flat_map(|(owner, ids)| ids.chunks(CHUNK).map(|ids| (*owner, ids)))
    }
}

async fn by_ids(
    tx: &mut TenantTx,
    ids: &[DeadLetterId],
    of: Option<TenantId>,
    settled: &mut Settled,
) -> Result<Vec<LetterPlace>, CommandError> {
    let found = dead_letter_find(tx, ids, of).await?;
    let known: BTreeSet<_> = found.iter().map(|(place, _)| place.id).collect();
    settled.refused.extend(ids.iter().filter(|id| !known.contains(id)).map(|id| (*id, DeadLetterRefusal::NotFound)));
    let (open, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, state)| *state == DeadLetterState::Open);
    settled.refused.extend(others.iter().map(|(place, _)| (place.id, DeadLetterRefusal::Settled)));
    Ok(open.into_iter().map(|(place, _)| place).collect())
}

async fn by_filter(
    tx: &mut TenantTx,
    filter: &DeadLetterFilter,
    of: Option<TenantId>,
    settled: &mut Settled,
) -> Result<Vec<LetterPlace>, CommandError> {
    let filter = DeadLetterFilter { tenant_id: of.or(filter.tenant_id), ..filter.clone() };
    // One more than the call settles: whether there are more.
    let limit = i64::try_from(LETTERS_MAX + 1).unwrap_or(i64::MAX);
    let mut places = dead_letter_find_open(tx, &filter, limit).await?;
    let more = places.len() > LETTERS_MAX;
    places.truncate(LETTERS_MAX);
    settled.next_after = places.last().filter(|_| more).map(|last| last.id);
    Ok(places)
}

/// The trail of a call: for each tenant, what was done to which letters.
#[derive(Default)]
pub(super) struct Trail(BTreeMap<TenantId, Vec<DeadLetterId>>);

impl Trail {
    /// Notes letters of this tenant.
    pub(super) fn note(&mut self, tenant: TenantId, ids: impl IntoIterator<Item = DeadLetterId>) {
        self.0.entry(tenant).or_default().extend(ids);
    }

    /// Records it, a row for each tenant behind its wall; `why` is told beside the letters.
    ///
    /// # Errors
    /// A store's failures.
    pub(super) async fn record(
        self,
        tx: &mut TenantTx,
        origin: &Origin,
        action: AuditAction,
        why: &Value,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        for (tenant, ids) in self.0.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            tx.act_for(tenant).await?;
            let (subject, detail) = (tenant.to_string(), json!({ "letters": ids, "reason": why }));
            audit::record(tx, Done { tenant, actor: origin.actor, action, subject: &subject, detail }, now).await?;
        }
        Ok(())
    }
}
