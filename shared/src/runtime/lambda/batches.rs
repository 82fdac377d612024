//! Amazon MQ batches: each message by itself, through the same settler as in every host.
//!
//! The trigger knows no partial success: a batch that fails comes again as a whole. So what is wrong with one message never fails a
//! batch (it is filed, like everywhere), and a batch fails only for what another attempt mends; the inbox makes repeats no-ops.

use std::time::Duration;

use tokio::time::Instant;

use super::{Event, time};
use crate::messaging::{
    Settlement, Settler,
    amazon_mq::{self, NotABatch, Packed},
};

/// Time kept free at the end of an invocation, for writing down a message that was not settled in time.
const RESERVE: Duration = Duration::from_secs(2);
/// A message is not begun with less time than this before the reserve: the batch comes again and gets it.
const LEAST: Duration = Duration::from_secs(1);

/// Why a batch must come again.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It comes again for ever, or until somebody mends the trigger: nothing in it could be filed.
    #[error(transparent)]
    NotABatch(#[from] NotABatch),
    /// There is nothing to commit to.
    #[error("PostgreSQL is away; {settled} messages of {all} were settled")]
    StoreAway { settled: usize, all: usize },
    /// Lambda would have ended the process in the middle of a message.
    #[error("no time is left; {settled} messages of {all} were settled")]
    OutOfTime { settled: usize, all: usize },
}

/// Settles a batch, one message after the other: on Lambda a pool is one connection, and messages of an order keep their order.
///
/// # Errors
/// [`Failure`]; nothing that was settled before is lost, and it is done when it comes again.
pub(super) async fn settle(settler: &Settler, event: &Event) -> Result<(), Failure> {
    let deadline = time::deadline(&event.context, settler.spec().timeout_seconds);
    let messages = amazon_mq::unpack(&event.payload)?;
    let all = messages.len();
    for (settled, message) in messages.into_iter().enumerate() {
        let limit = deadline.saturating_duration_since(Instant::now()).saturating_sub(RESERVE);
        if limit < LEAST {
            return Err(Failure::OutOfTime { settled, all });
        }
        let settlement = match message {
            Packed::Message(fields, body) => settler.settle_fields(fields, body, limit).await,
            Packed::Unreadable(body, reason) => settler.settle_unreadable(body, reason).await,
        };
        if settlement == Settlement::StoreAway {
            return Err(Failure::StoreAway { settled, all });
        }
    }
    Ok(())
}
