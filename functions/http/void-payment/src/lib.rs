//! `POST /v1/payments/{payment_id}/void`: let a tender go before its money is taken.
//!
//! What is set aside is voided; what was asked for and never sent is withdrawn; what is on its way goes back when it arrives. The answer
//! is the operation that does it. A tender that is let go already is answered alike. The `ETag` is the order's.

use shared::{
    catalog,
    commands::void_payment,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::VOID_PAYMENT, |call| Box::pin(handle(call))).answers::<views::OperationsView<'_>>().versioned().refuses(&[
        Code::InvalidTransition,
        Code::OrderBusy,
        Code::VersionMismatch,
    ])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (context, origin, if_match) = (call.context(), call.origin()?, call.if_match()?);
    let executed = void_payment::execute(context, &origin, call.path("payment_id")?, if_match, &views::operations_requested).await?;
    Ok(executed.into())
}
