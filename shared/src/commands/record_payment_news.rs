//! Apply what the payment service tells of an operation to the order it belongs to.

use super::Change;
use crate::domain::{ids::OrderId, order::draft::Draft, payments::report::News};

/// What the news asks of the order: whichever road the same news took before, it changes nothing a second time. Refused as not yet known
/// when the operation does not exist yet, as a contradiction when the report contradicts itself or the operation.
pub fn change(order: OrderId, news: News) -> Change {
    Change::new(order, move |draft: &mut Draft<'_>| draft.apply_news(&news))
}
