//! How long a message that took no effect waits until it is tried again, and when it has waited enough.

use super::{text_enum::text_enum, timestamp::Timestamp};

/// Pauses before each further try of a message that something was in the way of; after the last it is dead.
const RETRY_PAUSES_SECONDS: [i64; 5] = [1, 10, 60, 600, 3_600];
/// Pauses between looks whether a parked message fits by now: the first, doubled up to the longest.
const PARKED_PAUSES_SECONDS: (i64, i64) = (1, 3_600);
/// A parked message waits this long for what it is about; then it is dead.
const PARKED_MAX_SECONDS: i64 = 72 * 3_600;
/// Tries of a message in a row that were begun and never ended, as if it killed whoever tried it; after the last it is dead.
pub const TRIES_UNENDED_MAX: u32 = 10;

text_enum! {
    /// Why a message waits.
    DeferredClass {
        /// Something was in the way: it is tried again a few times.
        Retry = "retry",
        /// What it is about is not known yet: it is tried as soon as its order appears, and looked at again in between.
        Parked = "parked",
    }
}

/// A message that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deferral {
    /// Why.
    pub class: DeferredClass,
    /// How often in a row it was refused for that, from 1.
    pub attempts: u32,
    /// When it was refused first.
    pub since: Timestamp,
}

impl Deferral {
    /// A message that was just refused for the first time.
    pub const fn first(class: DeferredClass, now: Timestamp) -> Self {
        Self { class, attempts: 1, since: now }
    }

    /// The same message, refused once more. Refused for another reason than before it counts anew, so that looks at a parked message do
    /// not use up its tries.
    #[must_use]
    pub fn again(self, class: DeferredClass) -> Self {
        let attempts = if class == self.class { self.attempts.saturating_add(1) } else { 1 };
        Self { class, attempts, ..self }
    }

    /// Seconds until the next try; nothing when it has waited enough.
    pub fn pause_seconds(self, now: Timestamp) -> Option<i64> {
        let pauses = self.attempts.saturating_sub(1);
        match self.class {
            DeferredClass::Retry => RETRY_PAUSES_SECONDS.get(usize::try_from(pauses).ok()?).copied(),
            DeferredClass::Parked => {
                let (first, longest) = PARKED_PAUSES_SECONDS;
                let grown = 1_i64.checked_shl(pauses.min(62)).map_or(longest, |factor| first.saturating_mul(factor).min(longest));
                let left = self.since.plus_seconds(PARKED_MAX_SECONDS).as_second() - now.as_second();
                (left > 0).then(|| grown.min(left))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_microsecond(1_795_000_000_000_000);

    /// The pauses of a message that is refused for ever, each waited for to the second.
    fn pauses(class: DeferredClass) -> Vec<i64> {
        let (mut deferral, mut now, mut pauses) = (Deferral::first(class, START), START, Vec::new());
        while let Some(pause) = deferral.pause_seconds(now) {
            pauses.push(pause);
            now = now.plus_seconds(pause);
            deferral = deferral.again(class);
        }
        pauses
    }

    #[test]
    fn a_message_is_tried_again_five_times() {
        assert_eq!(pauses(DeferredClass::Retry), [1, 10, 60, 600, 3_600]);
    }

    #[test]
    fn a_parked_message_is_looked_at_ever_more_seldom_for_three_days() {
        let pauses = pauses(DeferredClass::Parked);
        assert_eq!(pauses[..4], [1, 2, 4, 8]);
        assert!(pauses.iter().all(|pause| (1..=3_600).contains(pause)));
        assert_eq!(pauses.iter().sum::<i64>(), 72 * 3_600);
    }

    #[test]
    fn looks_do_not_use_up_tries() {
        let parked = Deferral { attempts: 40, ..Deferral::first(DeferredClass::Parked, START) };
        let found_busy = parked.again(DeferredClass::Retry);
        assert_eq!((found_busy.attempts, found_busy.pause_seconds(START)), (1, Some(1)));
        assert_eq!(parked.again(DeferredClass::Parked).attempts, 41);
    }
}
