//! `POST /v1/ops/payment-operations/{operation_id}/resolve`: settle an operation of which a person found out what became of it.
//!
//! The body is [`ResolveRequest`]; the answer is the operation as it now is. What no person has to settle (list-payment-operations shows
//! what has to be) is a 404; a success cannot be called a failure. Every call is in the tenant's audit trail.

use shared::{
    catalog,
    commands::{Changed, resolve_payment_operation},
    domain::{ids::OperationId, order::resolve::ResolveRequest},
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::RESOLVE_PAYMENT_OPERATION, |call| Box::pin(handle(call)))
        .takes::<ResolveRequest>(r#"{"outcome": "succeeded", "provider_reference": "ch_8841", "reason": "seen_in_statement"}"#)
        .answers::<views::OperationView<'_>>()
        .refuses(&[Code::InvalidTransition, Code::OrderBusy])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (operation, request): (OperationId, ResolveRequest) = (call.path("operation_id")?, call.json()?);
    let (context, origin) = (call.context(), call.origin()?);
    let render = |changed: &Changed| views::operation_resolved(changed, operation);
    let executed = resolve_payment_operation::execute(context, &origin, operation, &request, &render).await?;
    Ok(executed.into())
}
