//! `POST /v1/ops/dead-letters/replay`: give dead letters to their consumers once more, named by their ids or by a filter.
//!
//! The body is [`ReplayRequest`]; the answer says how many are tried again, and why each other one is left as it is. Whatever took effect
//! meanwhile has no second effect, and what dies again is a new letter. Every call is in the trail of the tenants that it touches.

use shared::{
    catalog,
    commands::replay_dead_letters,
    domain::dead_letter::ReplayRequest,
    http::{Call, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::REPLAY_DEAD_LETTERS, |call| Box::pin(handle(call)))
        .takes::<ReplayRequest>(r#"{"filter": {"consumer": "on-payment-event", "reason_class": "unknown_tenant"}, "rate_per_second": 20}"#)
        .answers::<views::ReplayedView>()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: ReplayRequest = call.json()?;
    let render = |settled: &_| views::replayed(settled, catalog::REPLAY_DEAD_LETTERS.success);
    let executed = replay_dead_letters::execute(call.context(), &call.origin()?, &request, &render).await?;
    Ok(executed.into())
}
