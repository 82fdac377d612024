//! Take what a tender has set aside.

use super::{
    Changed, CommandError, Context, Executed, Origin, Render,
    change_order::{self, RequestedChange, Subject},
};
use crate::domain::{
    ids::PaymentId,
    order::{
        capture::{CaptureRequest, Capturing},
        draft::Draft,
    },
};

/// Takes it, once for each key.
///
/// # Errors
/// [`CommandError::Invalid`] with everything that is wrong; [`CommandError::NotFound`], [`CommandError::NotAllowed`],
/// [`CommandError::Exceeds`], [`CommandError::VersionMismatch`], the errors of the key; a store's failures.
pub async fn execute(
    context: &Context,
    origin: &Origin,
    payment: PaymentId,
    if_match: Option<u64>,
    request: &CaptureRequest,
    render: Render<'_, Changed>,
) -> Result<Executed, CommandError> {
    let capturing = Capturing::parse(request).map_err(CommandError::Invalid)?;
    let decide = |draft: &mut Draft<'_>| draft.capture(payment, capturing);
    let change = RequestedChange { subject: Subject::Payment(payment), if_match, decide: &decide, tokens: &[], render };
    change_order::for_request(context, origin, &change).await
}
