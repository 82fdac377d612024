//! Queue `order-service.live`: our own events, so that whoever looks at an order learns of them at once.
//!
//! It changes nothing that is kept: an event that comes twice, late or never costs at most a second (docs/live.md).

use serde::Deserialize;
use shared::{
    catalog,
    commands::announce_event,
    messaging::{ConsumerFunction, Incoming, Rejection},
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::watching(&catalog::ON_ORDER_EVENT, |incoming| Box::pin(handle(incoming))).takes::<Told>()
}

/// What is looked at of every event of an order.
#[derive(Deserialize, ToSchema)]
#[schema(as = OrderEvent)]
struct Told {
    order: Snapshot,
}

/// The order as it was then.
#[derive(Deserialize, ToSchema)]
struct Snapshot {
    /// Its version.
    version: u64,
}

async fn handle(incoming: Incoming) -> Result<(), Rejection> {
    let Told { order: Snapshot { version } } = incoming.data()?;
    announce_event::execute(incoming.context(), incoming.tenant, incoming.order_id()?, version).await;
    Ok(())
}
