//! Queue `order-service.payment-operations`: the only sender of payment operations.
//!
//! The message says which operation; everything else about it is read from the database when it is sent.

use shared::{
    catalog,
    commands::send_payment_operation,
    domain::messages::OperationRequested,
    messaging::{ConsumerFunction, Incoming, Rejection},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::new(&catalog::SEND_PAYMENT_OPERATION, |incoming| Box::pin(handle(incoming))).takes::<OperationRequested>()
}

async fn handle(incoming: Incoming) -> Result<(), Rejection> {
    let OperationRequested { operation_id, .. } = incoming.data()?;
    send_payment_operation::execute(incoming.context(), &incoming.origin(), incoming.order_id()?, operation_id).await?;
    Ok(())
}
