//! Dead letters as a person on call sees them, and what came of what that person did. Never a message, nor any value of one.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    commands::{Answer, CommandError, dead_letters::Settled},
    domain::{
        dead_letter::{DeadClass, DeadLetterRefusal, DeadLetterState},
        ids::{DeadLetterId, TenantId},
        timestamp::Timestamp,
    },
    queries::list_dead_letters::{Cause, Letter},
};

/// A message that took no effect and waits for a person, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub struct DeadLetterView<'a> {
    id: DeadLetterId,
    /// Whose it is; null when it names no tenant that there was.
    #[schema(required)]
    tenant_id: Option<TenantId>,
    /// The function that refused it, or that died of it; `unknown` when nobody knows.
    consumer: &'a str,
    /// CloudEvents `source`; null when it could not be read.
    #[schema(required)]
    source: Option<&'a str>,
    /// CloudEvents `id`; null when it could not be read.
    #[schema(required)]
    message_id: Option<&'a str>,
    /// CloudEvents `type`; null when it could not be read.
    #[schema(required)]
    r#type: Option<&'a str>,
    reason_class: DeadClass,
    /// Why, in one sentence.
    reason: &'a str,
    /// The message with every value replaced by the name of its type.
    preview: &'a Value,
    state: DeadLetterState,
    /// How often the same bytes died while the letter was open.
    occurrences: u64,
    /// When it died first.
    created_at: Timestamp,
    /// When it died last.
    last_seen_at: Timestamp,
    /// When a person settled it.
    #[schema(required)]
    settled_at: Option<Timestamp>,
}

/// Letters that have one cause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterCause)]
pub struct DeadLetterCauseView<'a> {
    /// The function that refused them, or that died of them; `unknown` when nobody knows.
    consumer: &'a str,
    /// CloudEvents `type`; null when it could not be read.
    #[schema(required)]
    r#type: Option<&'a str>,
    reason_class: DeadClass,
    /// Why, in one sentence.
    reason: &'a str,
    /// How many letters there are.
    count: u64,
    /// How often their messages died.
    occurrences: u64,
    /// When the first of them died.
    first_seen_at: Timestamp,
    /// When one of them died last.
    last_seen_at: Timestamp,
    /// The newest of them.
    example_id: DeadLetterId,
}

/// A letter, or with `group_by=cause` a cause.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = DeadLetterItem)]
pub enum DeadLetterItemView<'a> {
    /// One letter.
    Letter(DeadLetterView<'a>),
    /// All letters of one cause.
    Cause(DeadLetterCauseView<'a>),
}

impl<'a> From<&'a Letter> for DeadLetterItemView<'a> {
    fn from(letter: &'a Letter) -> Self {
        Self::Letter(DeadLetterView {
            id: DeadLetterId::new(letter.id),
            tenant_id: letter.tenant_id.map(TenantId::new),
            consumer: &letter.consumer,
            source: letter.source.as_deref(),
            message_id: letter.message_id.as_deref(),
            r#type: letter.r#type.as_deref(),
            reason_class: letter.reason_class,
            reason: &letter.reason,
            preview: &letter.preview,
            state: letter.state,
            occurrences: letter.occurrences,
            created_at: letter.created_at,
            last_seen_at: letter.last_seen_at,
            settled_at: letter.settled_at,
        })
    }
}

impl<'a> From<&'a Cause> for DeadLetterItemView<'a> {
    fn from(cause: &'a Cause) -> Self {
        Self::Cause(DeadLetterCauseView {
            consumer: &cause.consumer,
            r#type: cause.r#type.as_deref(),
            reason_class: cause.reason_class,
            reason: &cause.reason,
            count: cause.count,
            occurrences: cause.occurrences,
            first_seen_at: cause.first_seen_at,
            last_seen_at: cause.last_seen_at,
            example_id: DeadLetterId::new(cause.example_id),
        })
    }
}

/// A letter that was left as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedDeadLetter)]
struct RefusedView {
    id: DeadLetterId,
    reason: DeadLetterRefusal,
}

/// What came of a replay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayedDeadLetters)]
pub struct ReplayedView {
    /// Letters whose messages are tried again.
    replayed: usize,
    /// Letters that were left as they are.
    refused: Vec<RefusedView>,
    /// The filter matches more letters.
    has_more: bool,
    /// The filter's `after` of the next call; null when there is no more.
    #[schema(required)]
    next_after: Option<DeadLetterId>,
}

/// What came of discarding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiscardedDeadLetters)]
pub struct DiscardedView {
    /// Letters that wait for nobody any more.
    discarded: usize,
    /// Letters that were left as they are.
    refused: Vec<RefusedView>,
    /// The filter matches more letters.
    has_more: bool,
    /// The filter's `after` of the next call; null when there is no more.
    #[schema(required)]
    next_after: Option<DeadLetterId>,
}

/// The answer to a replay, which is stored and replayed byte for byte.
///
/// # Errors
/// [`CommandError::Internal`] when it cannot be JSON.
pub fn replayed(settled: &Settled, status: u16) -> Result<Answer, CommandError> {
    let next_after = settled.next_after;
    let view = ReplayedView { replayed: settled.count, refused: refused(settled), has_more: next_after.is_some(), next_after };
    answer(&view, status)
}

/// The answer to discarding, which is stored and replayed byte for byte.
///
/// # Errors
/// [`CommandError::Internal`] when it cannot be JSON.
pub fn discarded(settled: &Settled, status: u16) -> Result<Answer, CommandError> {
    let next_after = settled.next_after;
    let view = DiscardedView { discarded: settled.count, refused: refused(settled), has_more: next_after.is_some(), next_after };
    answer(&view, status)
}

fn refused(settled: &Settled) -> Vec<RefusedView> {
    settled.refused.iter().map(|(id, reason)| RefusedView { id: *id, reason: *reason }).collect()
}

fn answer(view: &impl Serialize, status: u16) -> Result<Answer, CommandError> {
    let body = serde_json::to_string(view).map_err(|error| CommandError::Internal(error.into()))?;
    Ok(Answer { status, location: None, etag: None, body })
}
