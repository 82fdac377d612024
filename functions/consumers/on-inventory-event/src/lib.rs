//! Queue `order-service.inventory-events`: the inventory service's answers about an order's reservation.

use serde::Deserialize;
use shared::{
    catalog,
    commands::{
        Change,
        record_stock_answer::{self, StockNews},
    },
    domain::{messages::Shortage, schema::ReservationId},
    messaging::{ConsumerFunction, DeadClass, Incoming, Rejection},
};
use utoipa::ToSchema;

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::changing_orders(&catalog::ON_INVENTORY_EVENT, read).takes::<Answer>()
}

/// The data of every `inventory.*` event.
#[derive(Deserialize, ToSchema)]
#[schema(as = StockAnswer)]
struct Answer {
    /// As the command named it: the order and the attempt.
    #[schema(value_type = ReservationId)]
    reservation_id: String,
    /// What there is not enough of; `inventory.rejected` only.
    #[serde(default)]
    lines: Vec<Shortage>,
}

fn read(incoming: &Incoming) -> Result<Change, Rejection> {
    let Answer { reservation_id, lines } = incoming.data()?;
    let malformed = |what| Rejection::dead(DeadClass::Malformed, what);
    let attempt = reservation_id.rsplit_once(':').and_then(|(_, attempt)| attempt.parse().ok());
    let news = StockNews {
        order: incoming.order_id()?,
        answer: incoming.event.r#type.parse().map_err(|_| malformed("the type is no answer of an inventory service"))?,
        attempt: attempt.ok_or_else(|| malformed("reservation_id does not end in its attempt"))?,
        short: lines,
    };
    Ok(record_stock_answer::change(news))
}
