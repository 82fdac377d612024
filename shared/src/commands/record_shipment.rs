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
    /// What is new.
    pub report: ShipmentReport,
}

/// What a shipping partner reports of a fulfilment.
#[derive(Debug, Clone)]
pub enum ShipmentReport {
    /// How far it has come, and where the parcel is.
    Stage(FulfillmentStage, Option<Tracking>),
    /// It will not be stopped any more.
    CancellationRejected,
}

/// Applies it, once for each message.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when the order or fulfilment does not exist yet; a store's failures.
pub async fn execute(context: &Context, origin: &Origin, news: &ShipmentNews) -> Result<(), CommandError> {
    let decide = |draft: &mut Draft<'_>| match &news.report {
        ShipmentReport::Stage(stage, tracking) => draft.shipment_reported(news.fulfillment, *stage, tracking.clone()),
        ShipmentReport::CancellationRejected => draft.shipment_cancellation_rejected(news.fulfillment),
    };
    change_order::for_message(context, origin, news.order, &decide).await?;
    Ok(())
}
