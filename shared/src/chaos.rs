//! Crash points and planted bugs: how the chaos tests prove that the service survives `kill -9` anywhere, and that their checks bite.
//!
//! Only a build with the feature `chaos` knows them: `standalone-chaos`, which `cargo xtask chaos` makes. In every other build [`point`]
//! and [`is_planted`] are empty and vanish. Nothing but names lives here; what a bug does stands where it is planted.
//! [ADR 0009](../../docs/adr/0009-crash-points-are-calls-that-vanish.md) says why this is no crate from elsewhere.

use crate::domain::text_enum::text_enum;

#[cfg(any(feature = "chaos", test))]
mod armed;

text_enum! {
    /// A step at which dying could hurt. Its text is what `CRASH_AT` takes.
    CrashPoint {
        /// Creating an order: nothing is written.
        CreateBeforeStatement = "create_before_statement",
        /// Creating an order: its one statement is committed.
        CreateAfterStatement = "create_after_statement",
        /// A block of order numbers is taken and none of it is used.
        NumbersAfterAllotment = "numbers_after_allotment",
        /// Changing an order: the transaction is open, nothing is claimed.
        ChangeBeforeClaim = "change_before_claim",
        /// Changing an order: the key or message is claimed and the order locked.
        ChangeAfterClaim = "change_after_claim",
        /// Changing an order: it is loaded.
        ChangeAfterLoad = "change_after_load",
        /// Changing an order: everything is decided and nothing written.
        ChangeBeforeSave = "change_before_save",
        /// Changing an order: everything is written and not committed.
        ChangeBeforeCommit = "change_before_commit",
        /// Changing an order: committed; whoever asked knows nothing of it.
        ChangeAfterCommit = "change_after_commit",
        /// Changing many orders at once: their messages are claimed and the orders locked.
        TogetherAfterClaim = "together_after_claim",
        /// Changing many orders at once: everything is written and not committed.
        TogetherBeforeCommit = "together_before_commit",
        /// Changing many orders at once: committed; nothing is acknowledged.
        TogetherAfterCommit = "together_after_commit",
        /// Administering keys and tenants: everything is written and not committed.
        AdministerBeforeCommit = "administer_before_commit",
        /// Administering keys and tenants: committed; the caller knows nothing of it.
        AdministerAfterCommit = "administer_after_commit",
        /// A request is repeated and its stored answer not yet read.
        ReplayBeforeRead = "replay_before_read",
        /// The stored answer is read and not yet given.
        ReplayAfterRead = "replay_after_read",
        /// A handler is done; its answer is not sent.
        AnswerBeforeSending = "answer_before_sending",
        /// What was committed is about to be told to the relay.
        WakerBeforeRing = "waker_before_ring",
        /// A message is delivered; nothing has been done about it.
        MessageReceived = "message_received",
        /// A message is settled and not acknowledged.
        MessageBeforeAck = "message_before_ack",
        /// The row of a deferred or dead message is written and not committed.
        FilingBeforeCommit = "filing_before_commit",
        /// The row of a deferred or dead message is committed; the message is not acknowledged.
        FilingAfterCommit = "filing_after_commit",
        /// An operation is marked as sent; the payment service has not been called.
        SendingBeforeCall = "sending_before_call",
        /// The payment service has answered; nothing of it is read.
        SendingBeforeReading = "sending_before_reading",
        /// The answer is read and not recorded.
        SendingBeforeRecord = "sending_before_record",
        /// The answer is recorded; the message is not acknowledged.
        SendingAfterRecord = "sending_after_record",
        /// The relay has taken shards and sent nothing.
        RelayAfterShards = "relay_after_shards",
        /// The relay has read messages and sent none.
        RelayBeforePublish = "relay_before_publish",
        /// A message is handed to the broker and not confirmed.
        RelayBeforeConfirm = "relay_before_confirm",
        /// A message is confirmed and not marked.
        RelayBeforeMark = "relay_before_mark",
        /// Messages are confirmed and marked.
        RelayAfterMark = "relay_after_mark",
    }
}

text_enum! {
    /// A mistake that somebody could really make. Its text is what `PLANTED_BUG` takes.
    PlantedBug {
        /// A message counts as new however often it comes.
        NoInbox = "no_inbox",
        /// A message is acknowledged before its effect is committed.
        AckBeforeCommit = "ack_before_commit",
        /// A connection keeps the tenant of its first transaction.
        TenantNotSet = "tenant_not_set",
        /// A message that no queue takes counts as published.
        NoMandatory = "no_mandatory",
        /// The relay goes on behind the last message that it has published.
        WatermarkRelay = "watermark_relay",
    }
}

/// Dies here, without any destructor, if `CRASH_AT` asks for it.
#[cfg(not(feature = "chaos"))]
#[inline(always)]
pub(crate) const fn point(_: CrashPoint) {}

/// Whether this process was started with `PLANTED_BUG` of this name.
#[cfg(not(feature = "chaos"))]
#[inline(always)]
pub(crate) const fn is_planted(_: PlantedBug) -> bool {
    false
}

#[cfg(feature = "chaos")]
pub(crate) use armed::{is_planted, point};
