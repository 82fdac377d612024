//! What the relay has read and not yet marked: the heads that may be sent now, and what waits behind them.
//!
//! An order has at most one message under way; its next becomes a head when that one is confirmed. Nothing here speaks to anybody.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::{
    db::outbox::{OutboxMessage, SHARDS, shard},
    domain::ids::{EventId, OrderId},
};

/// Messages read at once, over all shards.
const PAGE: usize = 2_048;
/// More is read while fewer heads than this wait to be sent: what keeps the broker busy during one look.
const HEADS_LOW: usize = 512;
/// Messages remembered: beyond it nothing is read until some are marked. One order with a long backlog fills it alone, and slowly.
const KNOWN_LIMIT: usize = 4 * PAGE;

/// Messages between the outbox and their mark.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// To be sent, each of another order, by the age of the head.
    heads: VecDeque<OutboxMessage>,
    /// What follows in each order that has a head, or a message under way.
    behind: HashMap<OrderId, VecDeque<OutboxMessage>>,
    /// Everything that was read and is not marked: the outbox shows it until then.
    known: HashSet<EventId>,
    /// How many of them each shard has.
    known_in: [usize; SHARDS as usize],
    /// Marked, but a look that began before may still show them.
    marked: Vec<(OrderId, EventId)>,
}

impl Window {
    /// Whether another look at the outbox is worth it.
    pub(super) fn is_low(&self) -> bool {
        self.heads.len() < HEADS_LOW && self.known.len() < KNOWN_LIMIT
    }

    /// What to read of each of these shards: what is known is shown once more, so that a shard's limit is beyond it.
    pub(super) fn limits(&self, shards: &[i16]) -> Vec<(i16, i64)> {
        let share = PAGE.div_ceil(shards.len().max(1));
        let limit = |shard: &i16| i64::try_from(share + self.known_in[place(*shard)]).unwrap_or(i64::MAX);
        shards.iter().map(|shard| (*shard, limit(shard))).collect()
    }

    /// Takes in what a look found, oldest first, and answers how much of it is new. What was marked meanwhile is not.
    pub(super) fn take_in(&mut self, messages: Vec<OutboxMessage>) -> usize {
        let before = self.known.len();
        for message in messages {
            if !self.known.insert(message.event) {
                continue;
            }
            self.known_in[place(shard(message.order))] += 1;
            match self.behind.get_mut(&message.order) {
                Some(behind) => behind.push_back(message),
                None => {
                    self.behind.insert(message.order, VecDeque::new());
                    self.heads.push_back(message);
                }
            }
        }
        let found = self.known.len() - before;
        self.forget_marked();
        found
    }

    /// The next message to send. Its order waits until it is [confirmed](Self::confirmed) or [refused](Self::refused).
    pub(super) fn next(&mut self) -> Option<OutboxMessage> {
        self.heads.pop_front()
    }

    /// The message of this order that was under way is at the broker: what follows it may go. False when nothing follows.
    pub(super) fn confirmed(&mut self, order: OrderId) -> bool {
        match self.behind.get_mut(&order).and_then(VecDeque::pop_front) {
            Some(next) => {
                self.heads.push_back(next);
                true
            }
            None => {
                self.behind.remove(&order);
                false
            }
        }
    }

    /// The broker refused this order's message: it and what follows it are read again later.
    pub(super) fn refused(&mut self, order: OrderId, event: EventId) {
        let behind = self.behind.remove(&order).unwrap_or_default();
        self.forget(order, event);
        for message in behind {
            self.forget(order, message.event);
        }
    }

    /// A mark is committed. No look that begins from now on shows the message; one that is under way may.
    pub(super) fn marked(&mut self, order: OrderId, event: EventId, is_looking: bool) {
        self.marked.push((order, event));
        if !is_looking {
            self.forget_marked();
        }
    }

    fn forget_marked(&mut self) {
        for (order, event) in std::mem::take(&mut self.marked) {
            self.forget(order, event);
        }
    }

    fn forget(&mut self, order: OrderId, event: EventId) {
        if self.known.remove(&event) {
            self.known_in[place(shard(order))] -= 1;
        }
    }
}

/// A shard's place in an array of one entry a shard; the schema's CHECK keeps it among them.
fn place(shard: i16) -> usize {
    usize::try_from(shard % SHARDS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::TenantId;

    fn message(order: u128, event: u128) -> OutboxMessage {
        OutboxMessage {
            tenant: TenantId::OPERATOR,
            event: EventId::new(Uuid::from_u128(event)),
            order: OrderId::new(Uuid::from_u128(order)),
            exchange: "orders.events".into(),
            routing_key: "order.created".into(),
            body: Some(Vec::new()),
        }
    }

    fn sent(window: &mut Window) -> Vec<u128> {
        std::iter::from_fn(|| window.next()).map(|message| message.event.uuid().as_u128()).collect()
    }

    #[test]
    fn an_orders_next_message_waits_for_the_confirm_of_the_one_before() {
        let mut window = Window::default();
        assert_eq!(window.take_in(vec![message(1, 10), message(2, 20), message(1, 11), message(1, 12)]), 4);
        assert_eq!(sent(&mut window), [10, 20]);
        assert!(window.confirmed(message(1, 10).order));
        assert_eq!(sent(&mut window), [11]);
        // What is written meanwhile goes behind, also while nothing but the message under way is there.
        assert!(!window.confirmed(message(2, 20).order));
        assert_eq!(window.take_in(vec![message(1, 12), message(1, 13)]), 1);
        assert_eq!(sent(&mut window), []);
        assert!(window.confirmed(message(1, 11).order));
        assert_eq!(sent(&mut window), [12]);
    }

    #[test]
    fn what_is_shown_again_before_its_mark_is_not_sent_twice() {
        let mut window = Window::default();
        window.take_in(vec![message(1, 10)]);
        assert_eq!(sent(&mut window), [10]);
        assert!(!window.confirmed(message(1, 10).order));
        assert_eq!(window.take_in(vec![message(1, 10)]), 0);
        window.marked(message(1, 10).order, message(1, 10).event, true);
        assert_eq!(window.take_in(vec![message(1, 10)]), 0, "a look that began before the mark");
        assert!(window.known.is_empty() && window.known_in == [0; 16]);
    }

    #[test]
    fn a_refusal_gives_up_the_order_and_no_other() {
        let mut window = Window::default();
        window.take_in(vec![message(1, 10), message(1, 11), message(2, 20)]);
        assert_eq!(sent(&mut window), [10, 20]);
        window.refused(message(1, 10).order, message(1, 10).event);
        assert!(!window.confirmed(message(2, 20).order));
        assert_eq!(window.take_in(vec![message(1, 10), message(1, 11)]), 2);
        assert_eq!(sent(&mut window), [10]);
    }

    #[test]
    fn a_look_reaches_beyond_what_is_known() {
        let mut window = Window::default();
        window.take_in((0..100).map(|event| message(16, 1_000 + event)).collect());
        let limits = window.limits(&[0, 1]);
        assert_eq!(limits, [(0, 1_024 + 100), (1, 1_024)]);
        assert!(window.is_low());
        window.take_in((0..u128::try_from(HEADS_LOW).unwrap()).map(|event| message(event + 17, 2_000 + event)).collect());
        assert!(!window.is_low());
    }
}
