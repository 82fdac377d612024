//! `POST /v1/payments/{payment_id}/captures`: take what a manual tender has set aside, all of it or a part.
//!
//! The body is [`CaptureRequest`] and may be left out. The answer is the capture, still `requested`; its outcome comes later. With
//! `final` what is left of the authorization is let go once the capture has succeeded. The `ETag` is the order's.

use shared::{
    catalog,
    commands::capture_payment,
    domain::order::capture::CaptureRequest,
    http::{Call, Code, HttpFunction, Problem, Reply, views},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> HttpFunction {
    HttpFunction::new(&catalog::CAPTURE_PAYMENT, |call| Box::pin(handle(call)))
        .may_take::<CaptureRequest>(r#"{"amount": 1500, "final": true}"#)
        .answers::<views::OperationsView<'_>>()
        .versioned()
        .refuses(&[Code::InvalidTransition, Code::OrderOnHold, Code::OrderBusy, Code::VersionMismatch, Code::AmountExceedsCapturable])
}

async fn handle(call: Call) -> Result<Reply, Problem> {
    let (payment, request): (_, CaptureRequest) = (call.path("payment_id")?, call.json_or_default()?);
    let (context, origin, if_match) = (call.context(), call.origin()?, call.if_match()?);
    let executed = capture_payment::execute(context, &origin, payment, if_match, &request, &views::operations_requested).await?;
    Ok(executed.into())
}
