//! Queue `order-service.shipment-events`: how far a fulfilment has come, told by the shipping partner.

use serde::Deserialize;
use shared::{
    catalog,
    commands::{
        Change,
        record_shipment::{self, ShipmentNews, ShipmentReport},
    },
    domain::{fulfilment::Tracking, ids::FulfillmentId},
    messaging::{ConsumerFunction, DeadClass, Incoming, Rejection},
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::changing_orders(&catalog::ON_SHIPMENT_EVENT, read).takes::<Report>()
}

/// The data of every `shipment.*` event.
#[derive(Deserialize, ToSchema)]
#[schema(as = ShipmentReport)]
struct Report {
    /// As the request named it.
    fulfillment_id: FulfillmentId,
    /// Where the parcel is, once that is known; a later report may leave it out.
    #[serde(default)]
    tracking: Option<Tracking>,
}

fn read(incoming: &Incoming) -> Result<Change, Rejection> {
    let Report { fulfillment_id, tracking } = incoming.data()?;
    let report = match incoming.event.routing_key().strip_prefix("shipment.") {
        Some("cancellation_rejected") => Some(ShipmentReport::CancellationRejected),
        stage => stage.and_then(|stage| stage.parse().ok()).map(|stage| ShipmentReport::Stage(stage, tracking)),
    };
    let news = ShipmentNews {
        order: incoming.order_id()?,
        fulfillment: fulfillment_id,
        report: report.ok_or_else(|| Rejection::dead(DeadClass::Malformed, "the type names no stage of a fulfilment"))?,
    };
    Ok(record_shipment::change(news))
}
