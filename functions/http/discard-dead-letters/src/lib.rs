//! `POST /v1/ops/dead-letters/discard`: take dead letters off the list of what waits for a person, named by their ids or by a filter.
//!
//! The body is [`DiscardRequest`]; its reason is in the trail of the tenants that the call touches. The letters are kept until their time is
//! over, and the same message that dies again is a new one.

use shared::{
    catalog,
    commands::discard_dead_letters,
    domain::dead_letter::DiscardRequest,
    http::{Call, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::DISCARD_DEAD_LETTERS, |call| Box::pin(handle(call)))
        .takes::<DiscardRequest>(r#"{"ids": ["dl_0198f000000070008000000000000001"], "reason": "sent_by_a_test"}"#)
        .answers::<views::DiscardedView>()
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let request: DiscardRequest = call.json()?;
    let render = |settled: &_| views::discarded(settled, catalog::DISCARD_DEAD_LETTERS.success);
    let executed = discard_dead_letters::execute(call.context(), &call.origin()?, &request, &render).await?;
    Ok(executed.into())
}
