//! `GET /v1/api-keys`: the keys of the caller's tenant, newest first, in pages; those that have ended are among them, secrets never.

use serde::Deserialize;
use shared::{
    catalog,
    http::{Call, HttpFunction, Problem, Reply, views::ApiKeyView},
    queries::list_api_keys,
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::LIST_API_KEYS, |call| Box::pin(handle(call))).lists::<ApiKeyView<'_>>()
}

/// No filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filters {}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (Filters {}, page) = call.page()?;
    let before = page.after.as_deref().map(str::parse).transpose().map_err(Problem::internal)?;
    let caller = call.principal()?;
    // One more than the page: whether there is a next one.
    let mut keys = list_api_keys::execute(call.database(), caller.tenant, before, i64::from(page.limit) + 1).await?;
    let more = keys.len() > page.limit as usize;
    keys.truncate(page.limit as usize);
    let next = keys.last().filter(|_| more).map(|last| last.id.to_string());
    let views: Vec<_> = keys.iter().map(|key| ApiKeyView::new(key, caller.key)).collect();
    page.reply(&views, next.as_deref())
}
