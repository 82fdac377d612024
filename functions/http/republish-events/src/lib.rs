//! `POST /v1/ops/events/republish`: our events of some time again, with the ids and bytes that they had, to whoever listens.
//!
//! The body is [`RepublishRequest`]. Only what was published before is sent again, and never a command; readers drop what they know by
//! `source` and `id`. Every call is in the trail of the tenants that it touches.

use shared::{
    catalog,
    commands::republish_events,
    domain::republish::RepublishRequest,
    http::{Call, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::REPUBLISH_EVENTS, |call| Box::pin(handle(call)))
        .takes::<RepublishRequest>(r#"{"types": ["order.paid.v1"], "from": "2026-11-22T10:00:00Z", "to": "2026-11-22T11:00:00Z"}"#)
        .answers::<views::RepublishedView>()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: RepublishRequest = call.json()?;
    let render = |resent: &_| views::republished(resent, catalog::REPUBLISH_EVENTS.success);
    let executed = republish_events::execute(call.context(), &call.origin()?, &request, &render).await?;
    Ok(executed.into())
}
