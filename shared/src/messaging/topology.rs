//! Exchanges, queues and bindings, as data: [`declare()`] makes them on a broker, `files` prints them for whoever prepares one.
//!
//! Whoever connects first declares everything it needs, the partners' exchanges included: no process waits for another to start.

mod declare;
mod files;

pub use self::{
    declare::{DeclareError, declare},
    files::{definitions, manifest, resources},
};
use crate::{domain::messages::EVENT_EXCHANGE, function::ConsumerSpec};

/// Our events, for whoever binds a queue.
pub const ORDER_EVENTS: &str = EVENT_EXCHANGE;
/// Our commands to partners and to ourselves. It has no alternate exchange: a command without a queue is returned to the relay.
pub const ORDER_COMMANDS: &str = "orders.commands";
/// Events that no queue is bound for, kept for a look.
const UNROUTED: &str = "orders.unrouted";
/// Messages that the broker gave up on.
const DEAD: &str = "orders.dead";
/// The queue behind [`DEAD`]; it has no dead-letter exchange of its own, so that nothing runs in a circle.
const DEAD_LETTER_QUEUE: &str = "order-service.dead-letters";

/// Deliveries of one message before the broker moves it to the dead-letter exchange: it killed its consumer that often.
const DELIVERY_LIMIT: i64 = 10;
/// Deliveries of one message of the dead-letter queue: practically without end, because beyond them it would be dropped. RabbitMQ 4 does so
/// after 20 if nobody says otherwise.
const DEAD_LETTER_DELIVERY_LIMIT: i64 = i32::MAX as i64;
/// Messages in one work queue; beyond it the broker refuses publishers, and their outbox keeps the rest.
const WORK_QUEUE_MAX_LENGTH: i64 = 1_000_000;
/// Messages in a queue whose messages may be lost; beyond it the oldest go. One that nobody reads must not keep the events of all others from
/// being published, as a work queue that is full does.
const BEST_EFFORT_QUEUE_MAX_LENGTH: i64 = 10_000;
/// How long one of them waits before it goes.
const BEST_EFFORT_TTL_MS: i64 = 60_000;
/// Messages in the dead-letter queue; beyond it they stay in their work queues (at-least-once dead-lettering).
const DEAD_LETTER_QUEUE_MAX_LENGTH: i64 = 100_000;
/// Unrouted events kept; beyond it the oldest go. The outbox still has them all.
const UNROUTED_QUEUE_MAX_LENGTH: i64 = 100_000;

/// How an exchange chooses queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Every queue.
    Fanout,
    /// Those whose pattern fits the routing key.
    Topic,
}

impl Kind {
    /// As AMQP names it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Fanout => "fanout",
            Self::Topic => "topic",
        }
    }
}

/// An argument of an exchange or a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Argument {
    Text(&'static str),
    Number(i64),
}

type Arguments = Vec<(&'static str, Argument)>;

/// One durable exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    alternate: Option<&'static str>,
}

/// Every exchange that we publish to or bind to.
pub(super) const EXCHANGES: &[Exchange] = &[
    Exchange { name: UNROUTED, kind: Kind::Fanout, alternate: None },
    Exchange { name: DEAD, kind: Kind::Fanout, alternate: None },
    Exchange { name: ORDER_EVENTS, kind: Kind::Topic, alternate: Some(UNROUTED) },
    Exchange { name: ORDER_COMMANDS, kind: Kind::Topic, alternate: None },
    Exchange { name: "payments.events", kind: Kind::Topic, alternate: None },
    Exchange { name: "inventory.events", kind: Kind::Topic, alternate: None },
    Exchange { name: "shipping.events", kind: Kind::Topic, alternate: None },
];

impl Exchange {
    fn arguments(&self) -> Arguments {
        self.alternate.map(|alternate| ("alternate-exchange", Argument::Text(alternate))).into_iter().collect()
    }
}

/// One durable queue and what fills it.
#[derive(Debug)]
struct Queue {
    name: &'static str,
    arguments: Arguments,
    /// Exchange and routing key, in the order of their declaration.
    bindings: Vec<(&'static str, &'static str)>,
}

/// Our two queues of last resort, and the work queues of `consumers`.
fn queues(consumers: &[&ConsumerSpec]) -> Vec<Queue> {
    let unrouted = Queue { name: UNROUTED, arguments: unrouted_arguments(), bindings: vec![(UNROUTED, "")] };
    let dead = Queue { name: DEAD_LETTER_QUEUE, arguments: dead_letter_arguments(), bindings: vec![(DEAD, "")] };
    let work = consumers.iter().filter(|consumer| consumer.queue != DEAD_LETTER_QUEUE).map(|consumer| {
        let keys = consumer.bindings.iter().flat_map(|binding| binding.routing_keys.iter().map(|key| (binding.exchange, *key)));
        let arguments = if consumer.best_effort { best_effort_arguments() } else { work_queue_arguments() };
        Queue { name: consumer.queue, arguments, bindings: keys.collect() }
    });
    [unrouted, dead].into_iter().chain(work).collect()
}

/// Whether the outbox may publish there: a publish to an exchange that does not exist would cost the whole channel.
pub(super) fn is_exchange(name: &str) -> bool {
    EXCHANGES.iter().any(|exchange| exchange.name == name)
}

/// Whether a topic pattern takes a routing key: `*` stands for one word, `#` for any number of them.
pub(super) fn takes(pattern: &str, key: &str) -> bool {
    fn fits(pattern: &[&str], key: &[&str]) -> bool {
        match (pattern, key) {
            ([], []) => true,
            (["#", rest @ ..], _) => (0..=key.len()).any(|words| fits(rest, &key[words..])),
            (["*", rest @ ..], [_, words @ ..]) => fits(rest, words),
            ([word, rest @ ..], [first, words @ ..]) => word == first && fits(rest, words),
            _ => false,
        }
    }
    fits(&pattern.split('.').collect::<Vec<_>>(), &key.split('.').collect::<Vec<_>>())
}

fn work_queue_arguments() -> Arguments {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-delivery-limit", Argument::Number(DELIVERY_LIMIT)),
        ("x-max-length", Argument::Number(WORK_QUEUE_MAX_LENGTH)),
        ("x-overflow", Argument::Text("reject-publish")),
        ("x-dead-letter-exchange", Argument::Text(DEAD)),
        ("x-dead-letter-strategy", Argument::Text("at-least-once")),
    ]
}

/// What such a queue drops is dropped: a dead letter of each would drown those that a person must see.
fn best_effort_arguments() -> Arguments {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-delivery-limit", Argument::Number(DELIVERY_LIMIT)),
        ("x-max-length", Argument::Number(BEST_EFFORT_QUEUE_MAX_LENGTH)),
        ("x-message-ttl", Argument::Number(BEST_EFFORT_TTL_MS)),
        ("x-overflow", Argument::Text("drop-head")),
    ]
}

fn dead_letter_arguments() -> Arguments {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-delivery-limit", Argument::Number(DEAD_LETTER_DELIVERY_LIMIT)),
        ("x-max-length", Argument::Number(DEAD_LETTER_QUEUE_MAX_LENGTH)),
        ("x-overflow", Argument::Text("reject-publish")),
    ]
}

fn unrouted_arguments() -> Arguments {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-max-length", Argument::Number(UNROUTED_QUEUE_MAX_LENGTH)),
        ("x-overflow", Argument::Text("drop-head")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_queue_is_a_quorum_queue_that_loses_nothing() {
        let arguments = work_queue_arguments();
        let argument = |name: &str| arguments.iter().find(|(known, _)| *known == name).map(|(_, argument)| *argument);
        assert_eq!(argument("x-queue-type"), Some(Argument::Text("quorum")));
        assert_eq!(argument("x-delivery-limit"), Some(Argument::Number(10)));
        assert_eq!(argument("x-overflow"), Some(Argument::Text("reject-publish")));
        assert_eq!(argument("x-dead-letter-exchange"), Some(Argument::Text("orders.dead")));
        assert_eq!(argument("x-dead-letter-strategy"), Some(Argument::Text("at-least-once")));
    }

    #[test]
    fn unrouted_events_have_a_place_and_unrouted_commands_come_back() {
        let alternate = |name: &str| EXCHANGES.iter().find(|exchange| exchange.name == name).and_then(|exchange| exchange.alternate);
        assert_eq!(alternate(ORDER_EVENTS), Some(UNROUTED));
        assert_eq!(alternate(ORDER_COMMANDS), None);
    }

    #[test]
    fn patterns_take_keys_as_the_broker_does() {
        for (pattern, key, taken) in [
            ("payment.#", "payment.captured", true),
            ("payment.#", "payment", true),
            ("payment.#", "refund.failed", false),
            ("payment.*", "payment.operation.requested", false),
            ("*.operation.*", "payment.operation.requested", true),
            ("#", "anything.at.all", true),
            ("order.created", "order.created", true),
        ] {
            assert_eq!(takes(pattern, key), taken, "{pattern} and {key}");
        }
    }
}
