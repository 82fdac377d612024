//! `GET /v1/ops/dead-letters`: messages that took no effect and wait for a person, over all tenants, newest first, in pages.
//!
//! With `group_by=cause` an item is not a letter but all letters of one consumer and type that are dead for one reason. A letter shows the
//! shape of its message and no value of it.

use serde::Deserialize;
use shared::{
    catalog,
    domain::{
        dead_letter::{DeadClass, DeadLetterFilter, DeadLetterGrouping, DeadLetterState},
        ids::{DeadLetterId, TenantId},
        timestamp::Timestamp,
    },
    http::{Call, HttpFunction, Problem, Reply, views::DeadLetterItemView},
    queries::list_dead_letters::{self, Cause, Letter, Wanted},
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::LIST_DEAD_LETTERS, |call| Box::pin(handle(call))).query::<Filters>().lists::<DeadLetterItemView<'_>>()
}

/// The filters, any of them together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Filters {
    /// Of one tenant.
    tenant_id: Option<TenantId>,
    /// Refused by this function.
    consumer: Option<String>,
    /// Of this CloudEvents type.
    r#type: Option<String>,
    /// Of this class.
    reason_class: Option<DeadClass>,
    /// With exactly this reason.
    reason: Option<String>,
    /// What became of them; `open` unless told otherwise.
    state: Option<DeadLetterState>,
    /// Filed at this moment or later.
    created_from: Option<Timestamp>,
    /// Filed before this moment.
    created_to: Option<Timestamp>,
    /// What an item is, if not a letter.
    group_by: Option<DeadLetterGrouping>,
}

impl Filters {
    fn page(self, before: Option<DeadLetterId>, limit: i64) -> Wanted {
        let Self { tenant_id, consumer, r#type, reason_class, reason, created_from, created_to, .. } = self;
        let filter = DeadLetterFilter { tenant_id, consumer, r#type, reason_class, reason, created_from, created_to, after: None };
        Wanted { filter, state: self.state.unwrap_or(DeadLetterState::Open), before, limit }
    }
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (filters, page): (Filters, _) = call.page()?;
    let before = page.after.as_deref().map(str::parse).transpose().map_err(Problem::internal)?;
    let (grouping, limit) = (filters.group_by, page.limit as usize);
    // One more than the page: whether there is a next one.
    let wanted = filters.page(before, i64::from(page.limit) + 1);
    let (database, tenant) = (call.database(), call.tenant()?);
    let last = |id| DeadLetterId::new(id).to_string();
    match grouping {
        None => {
            let letters = list_dead_letters::letters(database, tenant, &wanted).await?;
            let next = letters.get(limit).and(letters.get(limit - 1)).map(|letter: &Letter| last(letter.id));
            page.reply(&views(letters.iter().take(limit)), next.as_deref())
        }
        Some(DeadLetterGrouping::Cause) => {
            let causes = list_dead_letters::causes(database, tenant, &wanted).await?;
            let next = causes.get(limit).and(causes.get(limit - 1)).map(|cause: &Cause| last(cause.first_id));
            page.reply(&views(causes.iter().take(limit)), next.as_deref())
        }
    }
}

fn views<'a, T>(items: impl Iterator<Item = &'a T>) -> Vec<DeadLetterItemView<'a>>
where
    DeadLetterItemView<'a>: From<&'a T>,
    T: 'a,
{
    items.map(DeadLetterItemView::from).collect()
}
