//! Apply an answer of the inventory service to the order it speaks of.

use super::Change;
use crate::domain::{
    ids::OrderId,
    messages::Shortage,
    order::{draft::Draft, stock::StockAnswer},
};

/// An answer about one reservation.
#[derive(Debug, Clone)]
pub struct StockNews {
    /// The order.
    pub order: OrderId,
    /// What the inventory service says.
    pub answer: StockAnswer,
    /// The attempt it speaks of.
    pub attempt: u32,
    /// Articles of which there is not enough; none unless it refuses.
    pub short: Vec<Shortage>,
}

/// What it asks of the order. An answer to another attempt than the present one changes nothing.
pub fn change(StockNews { order, answer, attempt, short }: StockNews) -> Change {
    Change::new(order, move |draft: &mut Draft<'_>| draft.stock_answered(answer, attempt, &short))
}
