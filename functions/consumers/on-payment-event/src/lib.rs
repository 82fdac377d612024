//! Queue `order-service.payment-events`: what became of an operation, told by the payment service.
//!
//! The data is the operation as the service reports it everywhere; the same news may have come as an answer already.

use shared::{
    catalog,
    commands::record_payment_news,
    domain::payments::report::{News, OperationReport},
    messaging::{ConsumerFunction, Incoming, Rejection},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::new(&catalog::ON_PAYMENT_EVENT, |incoming| Box::pin(handle(incoming))).takes::<OperationReport>()
}

async fn handle(incoming: Incoming) -> Result<(), Rejection> {
    let news = News::new(incoming.event.routing_key(), incoming.data()?);
    record_payment_news::execute(incoming.context(), &incoming.origin(), incoming.order_id()?, &news).await?;
    Ok(())
}
