//! Queue `order-service.inventory-events`: the inventory service's answers about an order's reservation.

use serde::Deserialize;
use shared::{
    catalog,
    commands::{
        Change,
        record_stock_answer::{self, StockNews},
    },
    messaging::{ConsumerFunction, DeadClass, Incoming, Rejection},
};

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::changing_orders(&catalog::ON_INVENTORY_EVENT, read)
}

/// The data of every `inventory.*` event.
#[derive(Deserialize)]
struct Answer {
    /// `ord_…:2`: the order and the attempt.
    reservation_id: String,
    /// Lines without stock; `inventory.rejected` only.
    #[serde(default)]
    lines: serde_json::Value,
}

fn read(incoming: &Incoming) -> Result<Change, Rejection> {
    let Answer { reservation_id, lines } = incoming.data()?;
    let malformed = |what| Rejection::dead(DeadClass::Malformed, what);
    let attempt = reservation_id.rsplit_once(':').and_then(|(_, attempt)| attempt.parse().ok());
    let news = StockNews {
        order: incoming.order_id()?,
        answer: incoming.event.r#type.parse().map_err(|_| malformed("the type is no answer of an inventory service"))?,
        attempt: attempt.ok_or_else(|| malformed("reservation_id does not end in its attempt"))?,
        unavailable: lines,
    };
    Ok(record_stock_answer::change(news))
}
