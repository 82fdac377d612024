//! Dead letters: messages that took no effect and wait for a person. Why each is here, which ones a person means, and what became of them.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    ids::{DeadLetterId, TenantId},
    invalid::{FieldError, FieldErrors},
    order::{reason::Reason, request::TEXT_MAX},
    schema::{LetterRate, LetterReason, ReasonCode, Text},
    text_enum::text_enum,
    timestamp::Timestamp,
};

/// The consumer of a letter of which nobody knows whom it was for.
pub const UNKNOWN_CONSUMER: &str = "unknown";
/// Letters that one call settles; what a filter matches beyond them is left to the next call.
pub const LETTERS_MAX: usize = 1_000;
/// Replayed letters that are due in one second, unless told otherwise.
const RATE_DEFAULT: u32 = 50;
/// The most that may be asked for: a call's letters within one second.
pub const RATE_MAX: u32 = 1_000;

/// Characters of the sentence that says why a letter is dead; what is longer is cut.
pub const LETTER_REASON_MAX: usize = 1_000;

text_enum! {
    /// Why a message is dead: the vocabulary by which operators group dead letters.
    DeadClass {
        /// Not a CloudEvent, or its data does not fit its type.
        Malformed = "malformed",
        /// Larger than an event may be.
        Oversized = "oversized",
        /// From somebody whom this consumer does not believe.
        ForgedSource = "forged_source",
        /// Of a type, or of a version of it, that this consumer does not understand.
        UnknownType = "unknown_type",
        /// It names no tenant, or one that there is not.
        UnknownTenant = "unknown_tenant",
        /// Well formed and impossible: no retry helps.
        Poison = "poison",
        /// Something was in the way each time it was tried.
        Exhausted = "exhausted",
        /// What it is about never appeared.
        NeverKnown = "never_known",
        /// Whoever took it died, or could not settle it, until nobody was given it any more.
        KilledConsumer = "killed_consumer",
    }
}

text_enum! {
    /// What became of a dead letter.
    DeadLetterState {
        /// It waits for a person.
        Open = "open",
        /// It was given to its consumer once more.
        Replayed = "replayed",
        /// A person found that nothing has to be done about it.
        Discarded = "discarded",
    }
}

text_enum! {
    /// What a list of dead letters is grouped by.
    DeadLetterGrouping {
        /// Consumer, type and reason.
        Cause = "cause",
    }
}

text_enum! {
    /// Why a letter that was asked for is left as it is.
    DeadLetterRefusal {
        /// There is none of this id.
        NotFound = "not_found",
        /// It is not open: somebody has settled it before.
        Settled = "settled",
        /// It is no event, so nothing could try it again.
        NotAnEvent = "not_an_event",
        /// None of our keys opens its message.
        Unreadable = "unreadable",
        /// It names no tenant, or one that there is still not.
        UnknownTenant = "unknown_tenant",
        /// Nobody knows whom it was for.
        UnknownConsumer = "unknown_consumer",
    }
}

/// Which dead letters a person means: those that fit everything that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterFilter {
    /// Of one tenant.
    pub tenant_id: Option<TenantId>,
    /// Refused by this function.
    #[schema(value_type = Option<Text>)]
    pub consumer: Option<String>,
    /// Of this CloudEvents type.
    #[schema(value_type = Option<Text>)]
    pub r#type: Option<String>,
    /// Of this class.
    pub reason_class: Option<DeadClass>,
    /// With exactly this reason.
    #[schema(value_type = Option<LetterReason>)]
    pub reason: Option<String>,
    /// Filed at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Filed before this moment.
    pub created_to: Option<Timestamp>,
    /// Filed after this letter: `next_after` of the call before.
    pub after: Option<DeadLetterId>,
}

/// The body of `POST /v1/ops/dead-letters/replay`: `ids` or a `filter`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// These letters.
    #[schema(min_items = 1, max_items = 1_000)]
    pub ids: Option<Vec<DeadLetterId>>,
    /// The open letters that fit this, the oldest first.
    pub filter: Option<DeadLetterFilter>,
    /// Letters that are tried in one second; 50 unless told otherwise.
    #[schema(value_type = Option<LetterRate>)]
    pub rate_per_second: Option<u32>,
}

/// The body of `POST /v1/ops/dead-letters/discard`: `ids` or a `filter`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardRequest {
    /// These letters.
    #[schema(min_items = 1, max_items = 1_000)]
    pub ids: Option<Vec<DeadLetterId>>,
    /// The open letters that fit this, the oldest first.
    pub filter: Option<DeadLetterFilter>,
    /// Why nothing has to be done about them: a code, not prose.
    #[schema(value_type = ReasonCode)]
    pub reason: Reason,
}

/// The letters that one call is about, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These, [`LETTERS_MAX`] at most.
    Ids(Vec<DeadLetterId>),
    /// The open ones that fit, as many.
    Filter(DeadLetterFilter),
}

impl Selection {
    /// What a body says; an id that is named twice counts once.
    fn parse(ids: Option<&[DeadLetterId]>, filter: Option<&DeadLetterFilter>, errors: &mut FieldErrors) -> Self {
        let of_filter = filter.cloned().unwrap_or_default();
        let DeadLetterFilter { consumer, r#type, reason, .. } = &of_filter;
        for (member, text, max) in [("consumer", consumer, TEXT_MAX), ("type", r#type, TEXT_MAX), ("reason", reason, LETTER_REASON_MAX)] {
            if let Some(text) = text {
                errors.text(text, max, format!("/filter/{member}"));
            }
        }
        let Some(ids) = ids else {
            errors.require(filter.is_some(), "", "required", "ids or a filter must be said");
            return Self::Filter(of_filter);
        };
        errors.require(filter.is_none(), "/filter", "exclusive", "goes without ids");
        let count = ids.len();
        errors.require(
            (1..=LETTERS_MAX).contains(&count),
            "/ids",
            "length",
            format!("must name 1 to {LETTERS_MAX} letters, names {count}"),
        );
        Self::Ids(ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
    }
}

/// What to replay, and how fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Which letters.
    pub selection: Selection,
    rate_per_second: u32,
}

impl Replay {
    /// What a body says.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(request: &ReplayRequest) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let selection = Selection::parse(request.ids.as_deref(), request.filter.as_ref(), &mut errors);
        let rate_per_second = request.rate_per_second.unwrap_or(RATE_DEFAULT);
        let is_rate = (1..=RATE_MAX).contains(&rate_per_second);
        errors.require(is_rate, "/rate_per_second", "out_of_range", format!("must be 1 to {RATE_MAX}, is {rate_per_second}"));
        errors.into_result()?;
        Ok(Self { selection, rate_per_second })
    }

    /// When the letter in this place, counted from 0, is due.
    pub fn due_at(&self, now: Timestamp, place: usize) -> Timestamp {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        let pause = place.saturating_mul(1_000_000) / i64::from(self.rate_per_second.max(1));
        Timestamp::from_microsecond(now.as_microsecond().saturating_add(pause))
    }
}

/// What to discard, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discard {
    /// Which letters.
    pub selection: Selection,
    /// Why.
    pub reason: Reason,
}

impl Discard {
    /// What a body says.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(request: &DiscardRequest) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let selection = Selection::parse(request.ids.as_deref(), request.filter.as_ref(), &mut errors);
        errors.into_result()?;
        Ok(Self { selection, reason: request.reason.clone() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn replay(request: serde_json::Value) -> Result<Replay, Vec<FieldError>> {
        Replay::parse(&serde_json::from_value(request).unwrap())
    }

    #[test]
    fn letters_are_named_by_ids_or_by_a_filter() {
        let id = "dl_0198f000000070008000000000000001";
        let Selection::Ids(ids) = replay(json!({ "ids": [id, id] })).unwrap().selection else { panic!("ids were named") };
        assert_eq!(ids.len(), 1);
        assert_eq!(replay(json!({ "filter": {} })).unwrap().selection, Selection::Filter(DeadLetterFilter::default()));
        let pointer = |request| replay(request).unwrap_err()[0].pointer.clone();
        assert_eq!(pointer(json!({})), "");
        assert_eq!(pointer(json!({ "ids": [id], "filter": {} })), "/filter");
        assert_eq!(pointer(json!({ "ids": [] })), "/ids");
        assert_eq!(pointer(json!({ "ids": vec![id; LETTERS_MAX + 1] })), "/ids");
        for rate in [0, RATE_MAX + 1] {
            assert_eq!(pointer(json!({ "filter": {}, "rate_per_second": rate })), "/rate_per_second");
        }
    }

    #[test]
    fn replayed_letters_are_due_one_after_the_other() {
        let replay = replay(json!({ "filter": {}, "rate_per_second": 4 })).unwrap();
        let seconds = |place| replay.due_at(Timestamp::from_microsecond(0), place).as_microsecond();
        assert_eq!([0, 1, 4, 1_000].map(seconds), [0, 250_000, 1_000_000, 250_000_000]);
    }
}
