//! `DELETE /v1/sessions/{session_id}`: a session ends at once and everywhere. Any key of its tenant may end it: whoever sees a token in wrong
//! hands must not look for the right key first.

use shared::{
    catalog,
    commands::revoke_session,
    http::{Call, HttpFunction, Problem, Reply},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::REVOKE_SESSION, |call| Box::pin(handle(call))).answers_nothing()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    revoke_session::execute(call.context(), call.tenant()?, call.path("session_id")?).await?;
    Ok(Reply::no_content())
}
