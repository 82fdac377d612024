//! Queue `order-service.payment-events`: what became of an operation, told by the payment service.
//!
//! The data is the operation as the service reports it everywhere; the same news may have come as an answer already.

use shared::{
    catalog,
    commands::{Change, record_payment_news},
    domain::payments::report::{News, OperationReport},
    messaging::{ConsumerFunction, Incoming, Rejection},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::changing_orders(&catalog::ON_PAYMENT_EVENT, read).takes::<OperationReport>()
}

fn read(incoming: &Incoming) -> Result<Change, Rejection> {
    let news = News::new(incoming.event.routing_key(), incoming.data()?);
    Ok(record_payment_news::change(incoming.order_id()?, news))
}
