//! Cancel a whole order.

use super::{
    CommandError, Context, Executed, Origin, Render,
    change_order::{self, Changed, RequestedChange, Subject},
};
use crate::domain::{
    ids::OrderId,
    order::{cancel::CancelRequest, draft::Draft},
};

/// Cancels it, once for each key; one that is cancelled, or on its way to be, stays as it is.
///
/// # Errors
/// [`CommandError::NotFound`], [`CommandError::NotAllowed`], [`CommandError::VersionMismatch`], the errors of the key; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    order: OrderId,
    if_match: Option<u64>,
    request: &CancelRequest,
    render: Render<'_>,
) -> Result<Executed, CommandError> {
    let decide = |draft: &mut Draft<'_>| draft.cancel(request.reason.clone());
    let render = |changed: &Changed| render(&changed.order);
    let change = RequestedChange { subject: Subject::Order(order), if_match, decide: &decide, tokens: &[], render: &render };
    change_order::for_request(context, origin, &change).await
}
