//! Queue `order-service.dead-letters`: what killed its consumer as often as the broker delivers one message.
//!
//! Each becomes a dead letter of the consumer that it killed, whoever sent it and whatever it is. No handler sees it here.

use shared::{catalog, messaging::ConsumerFunction};

/// The function, for its own process and for `standalone`.
pub fn function() -> ConsumerFunction {
    ConsumerFunction::burying(&catalog::ON_DEAD_LETTER)
}
