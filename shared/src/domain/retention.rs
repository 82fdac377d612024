//! How long things are kept that have served their purpose. Longer than these times nobody may count on them; how soon after they go is
//! `prune-records`' matter.

const DAY_SECONDS: i64 = 86_400;

/// Answers of idempotency keys. What created an order is known by its key for ever.
pub const ANSWERS_SECONDS: i64 = DAY_SECONDS;
/// Claims of messages: a repeat that comes later takes effect again, unless the state forbids it.
pub const INBOX_SECONDS: i64 = 14 * DAY_SECONDS;
/// Published messages, to be sent again or read from where a reader left off.
pub const OUTBOX_SECONDS: i64 = 30 * DAY_SECONDS;
/// Dead letters, settled or not.
pub const DEAD_LETTERS_SECONDS: i64 = 90 * DAY_SECONDS;
