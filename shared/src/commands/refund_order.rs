//! Give money of an order back.

use super::{
    Changed, CommandError, Context, Executed, Origin, Render,
    change_order::{self, RequestedChange, Subject},
};
use crate::domain::{
    ids::OrderId,
    order::{
        draft::Draft,
        refund::{RefundRequest, Refunding},
    },
};

/// Gives it back, once for each key.
///
/// # Errors
/// [`CommandError::Invalid`] with everything that is wrong; [`CommandError::NotFound`], [`CommandError::NotAllowed`],
/// [`CommandError::Exceeds`], [`CommandError::VersionMismatch`], the errors of the key; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    order: OrderId,
    if_match: Option<u64>,
    request: &RefundRequest,
    render: Render<'_, Changed>,
) -> Result<Executed, CommandError> {
    let refunding = Refunding::parse(request).map_err(CommandError::Invalid)?;
    let decide = |draft: &mut Draft<'_>| draft.refund(&refunding);
    let change = RequestedChange { subject: Subject::Order(order), if_match, decide: &decide, tokens: &[], render };
    change_order::for_request(context, origin, &change).await
}
