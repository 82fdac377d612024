//! `POST /v1/orders/{order_id}/cancel`: cancel a whole order of which nothing has left.
//!
//! The body is [`CancelRequest`] and may be left out. The answer is the order: `cancelling` while goods, stock or money are on their way
//! back, else `cancelled` at once. A 409 for what has left names the lines that are still here (`cancellable_lines`). Cancelling what is cancelled already changes nothing and is answered alike.

use shared::{
    catalog,
    commands::cancel_order,
    domain::order::cancel::CancelRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::CANCEL_ORDER, |call| Box::pin(handle(call)))
        .may_take::<CancelRequest>(r#"{"reason": "customer_request"}"#)
        .answers::<views::OrderView<'_>>()
        .versioned()
        .refuses(&[Code::InvalidTransition, Code::OrderOnHold, Code::OrderBusy, Code::VersionMismatch])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (order, request): (_, CancelRequest) = (call.path("order_id")?, call.json_or_default()?);
    let (context, origin, if_match) = (call.context(), call.origin()?, call.if_match()?);
    let executed = cancel_order::execute(context, &origin, order, if_match, &request, &views::changed).await?;
    Ok(executed.into())
}
