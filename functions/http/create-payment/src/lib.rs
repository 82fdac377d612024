//! `POST /v1/orders/{order_id}/payments`: add a tender to an order that waits for money, and ask the payment service for it.
//!
//! The body is [`PaymentRequest`]; the answer is the payment with its operation, still `requested`. The `ETag` is the order's.

use shared::{
    catalog,
    commands::create_payment,
    domain::order::tender::PaymentRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::CREATE_PAYMENT, |call| Box::pin(handle(call)))
        .takes::<PaymentRequest>(r#"{"method": "card", "token": "tok_visa", "amount": 3490, "capture": "automatic"}"#)
        .answers::<views::PaymentView<'_>>()
        .versioned()
        .refuses(&[Code::InvalidTransition, Code::OrderOnHold, Code::OrderBusy, Code::VersionMismatch])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (order, request): (_, PaymentRequest) = (call.path("order_id")?, call.json()?);
    let (context, origin, if_match) = (call.context(), call.origin()?, call.if_match()?);
    let executed = create_payment::execute(context, &origin, order, if_match, &request, &views::payment_added).await?;
    Ok(executed.into())
}
