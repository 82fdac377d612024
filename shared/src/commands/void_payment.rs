//! Let a tender go before its money is taken.

use super::{
    Changed, CommandError, Context, Executed, Origin, Render,
    change_order::{self, RequestedChange, Subject},
};
use crate::domain::{ids::PaymentId, order::draft::Draft};

/// Lets it go, once for each key; one that is let go, or on its way to be, stays as it is.
///
/// # Errors
/// [`CommandError::NotFound`], [`CommandError::NotAllowed`], [`CommandError::VersionMismatch`], the errors of the key; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    payment: PaymentId,
    if_match: Option<u64>,
    render: Render<'_, Changed>,
) -> Result<Executed, CommandError> {
    let decide = |draft: &mut Draft<'_>| draft.void(payment);
    let change = RequestedChange { subject: Subject::Payment(payment), if_match, decide: &decide, tokens: &[], render };
    change_order::for_request(context, origin, &change).await
}
