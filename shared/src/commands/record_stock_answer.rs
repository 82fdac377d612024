//! Apply an answer of the inventory service to the order it speaks of.

use super::{CommandError, Context, Origin, change_order};
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

/// Applies it, once for each message.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when the order does not exist yet; a store's failures.
pub async fn execute(context: &Context, origin: &Origin, news: &StockNews) -> Result<(), CommandError> {
    let decide = |draft: &mut Draft<'_>| draft.stock_answered(news.answer, news.attempt, &news.short);
    change_order::for_message(context, origin, news.order, &decide).await?;
    Ok(())
}
