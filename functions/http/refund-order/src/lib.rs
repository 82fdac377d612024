//! `POST /v1/orders/{order_id}/refunds`: give money back: an amount, the price of lines that the customer keeps, or all that is left.
//!
//! The body is [`RefundRequest`]. Refunds go over the tenders, oldest first unless `allocation` says otherwise. The answer is the
//! refunds, still `requested`; their outcomes come later. The `ETag` is the order's.

use shared::{
    catalog,
    commands::refund_order,
    domain::order::refund::RefundRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::REFUND_ORDER, |call| Box::pin(handle(call)))
        .takes::<RefundRequest>(r#"{"amount": 1500, "reason": "damaged"}"#)
        .answers::<views::OperationsView<'_>>()
        .versioned()
        .refuses(&[
            Code::InvalidTransition,
            Code::OrderBusy,
            Code::VersionMismatch,
            Code::AmountExceedsRefundable,
            Code::QuantityExceedsAvailable,
        ])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (order, request): (_, RefundRequest) = (call.path("order_id")?, call.json()?);
    let (context, origin, if_match) = (call.context(), call.origin()?, call.if_match()?);
    let executed = refund_order::execute(context, &origin, order, if_match, &request, &views::operations_requested).await?;
    Ok(executed.into())
}
