//! Apply a shipping partner's report to the order it speaks of.

use super::{CommandError, Context, Origin, change_order};
use crate::domain::{
    fulfilment::{FulfillmentStage, Tracking},
    ids::{FulfillmentId, OrderId},
    order::draft::Draft,
};

/// News of one fulfilment.
#[derive(Debug, Clone)]
pub struct ShipmentNews {
    /// The order.
    pub order: OrderId,
    /// The fulfilment.
    pub fulfillment: FulfillmentId,
    /// How far it has come.
    pub stage: FulfillmentStage,
    /// Where the parcel is.
    pub tracking: Option<Tracking>,
}

/// Applies it, once for each message.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when the order or fulfilment does not exist yet; a store's failures.
pub async fn execute(context: &Context, origin: &Origin, news: &ShipmentNews) -> Result<(), CommandError> {
    let decide = |draft: &mut Draft<'_>| draft.shipment_reported(news.fulfillment, news.stage, news.tracking.clone());
    change_order::for_message(context, origin, news.order, &decide).await?;
    Ok(())
}
