//! `DELETE /v1/api-keys/{key_id}`: a key ends at once. Doing it again is answered alike.

use shared::{
    catalog,
    commands::revoke_api_key,
    http::{Call, HttpFunction, Problem, Reply},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::REVOKE_API_KEY, |call| Box::pin(handle(call))).answers_nothing()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    revoke_api_key::execute(call.context(), call.actor()?, call.tenant()?, call.path("key_id")?).await?;
    Ok(Reply::no_content())
}
