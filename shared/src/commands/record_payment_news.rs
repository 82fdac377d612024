//! Apply what the payment service tells of an operation to the order it belongs to.

use super::{CommandError, Context, Origin, change_order};
use crate::domain::{ids::OrderId, order::draft::Draft, payments::report::News};

/// Applies it, once for each message; whichever road the same news took before, it changes nothing a second time.
///
/// # Errors
/// [`CommandError::NotYetKnown`] when the order or operation does not exist yet; [`CommandError::Poison`] when the report contradicts
/// itself or the operation; a store's failures.
pub async fn execute(context: &Context, origin: &Origin, order: OrderId, news: &News) -> Result<(), CommandError> {
    let decide = |draft: &mut Draft<'_>| draft.apply_news(news);
    change_order::for_message(context, origin, order, &decide).await?;
    Ok(())
}
