//! `POST /v1/sessions`: the calling key lends what it may read to whoever holds the token that this answers, a page in a browser say. The
//! token is shown here and nowhere else; it reads (`Authorization: Bearer …`) and can do nothing else.
//!
//! The body is [`SessionRequest`]; it may be left out.

use shared::{
    catalog,
    commands::create_session,
    domain::session::SessionRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views::SessionView},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::CREATE_SESSION, |call| Box::pin(handle(call)))
        .may_take::<SessionRequest>(r#"{"scopes": ["orders:read"]}"#)
        .answers::<SessionView<'_>>()
        .refuses(&[Code::InsufficientScope])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: SessionRequest = call.json_or_default()?;
    let caller = call.principal()?;
    let fresh = create_session::execute(call.context(), caller.key, &caller.scopes, &request).await?;
    let reply = Reply::json(catalog::CREATE_SESSION.success, &SessionView::new(&fresh))?;
    Ok(reply.location(&format!("/v1/sessions/{}", fresh.session.id)).never_stored())
}
