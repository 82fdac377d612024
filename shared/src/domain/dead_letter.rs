//! Dead letters: messages that took no effect and wait for a person. Why each is here, and what became of it.

use super::text_enum::text_enum;

/// The consumer of a letter of which nobody knows whom it was for.
pub const UNKNOWN_CONSUMER: &str = "unknown";

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
