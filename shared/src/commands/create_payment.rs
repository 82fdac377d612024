//! Add a tender to an order that waits for money.

use super::{
    CommandError, Context, Executed, Origin, Render,
    change_order::{self, Changed, RequestedChange, Subject},
};
use crate::domain::{
    ids::OrderId,
    order::{
        draft::Draft,
        tender::{NewTender, PaymentRequest},
    },
};

/// Adds it, once for each key.
///
/// # Errors
/// [`CommandError::Invalid`] with everything that is wrong; [`CommandError::NotFound`], [`CommandError::NotAllowed`],
/// [`CommandError::VersionMismatch`], the errors of the key; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    order: OrderId,
    if_match: Option<u64>,
    request: &PaymentRequest,
    render: Render<'_>,
) -> Result<Executed, CommandError> {
    let tender = NewTender::try_new(request).map_err(CommandError::Invalid)?;
    let decide = |draft: &mut Draft<'_>| draft.add_payment(tender.clone());
    let tokens = [tender.token().cloned()];
    let render = |changed: &Changed| render(&changed.order);
    let change = RequestedChange { subject: Subject::Order(order), if_match, decide: &decide, tokens: &tokens, render: &render };
    change_order::for_request(context, origin, &change).await
}
