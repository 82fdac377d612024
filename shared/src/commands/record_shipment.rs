//! Apply a shipping partner's report to the order it speaks of.

use super::Change;
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

/// What it asks of the order. Refused as not yet known when the fulfilment does not exist yet.
pub fn change(ShipmentNews { order, fulfillment, report }: ShipmentNews) -> Change {
    Change::new(order, move |draft: &mut Draft<'_>| match &report {
        ShipmentReport::Stage(stage, tracking) => draft.shipment_reported(fulfillment, *stage, tracking.clone()),
        ShipmentReport::CancellationRejected => draft.shipment_cancellation_rejected(fulfillment),
    })
}
