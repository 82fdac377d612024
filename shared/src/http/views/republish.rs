//! What came of sending events again.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    commands::{Answer, CommandError, republish_events::Resent},
    domain::republish::EventPosition,
};

/// Events that are sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RepublishedEvents)]
pub struct RepublishedView {
    /// How many.
    republished: usize,
    /// More events match.
    has_more: bool,
    /// The `after` of the next call; null when there is no more.
    #[schema(required)]
    next_after: Option<EventPosition>,
}

/// The answer, which is stored and replayed byte for byte.
///
/// # Errors
/// [`CommandError::Internal`] when it cannot be JSON.
pub fn republished(resent: &Resent, status: u16) -> Result<Answer, CommandError> {
    let Resent { count, next_after } = *resent;
    let view = RepublishedView { republished: count, has_more: next_after.is_some(), next_after };
    let body = serde_json::to_string(&view).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Answer { status, location: None, etag: None, body })
}
