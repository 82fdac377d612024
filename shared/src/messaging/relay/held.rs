//! Orders whose head the broker refuses just now: passed over for a while, so that they cannot fill every look of the relay.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    backoff::Backoff,
    domain::ids::OrderId,
    telemetry::metrics::{OUTBOX_HELD_ORDERS, OUTBOX_REFUSED},
};

/// Orders remembered; a refused order beyond it is simply tried at every look.
const LIMIT: usize = 10_000;
/// The first wait of a refused order.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest: a queue that is bound at last gets its messages within this time.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// One log line in this time, however many orders are refused; the metric counts them all.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// How a look at one order ended.
#[derive(Debug)]
pub(super) enum Settled {
    /// Everything that was read has been confirmed.
    Sent,
    /// The broker refused its head.
    Refused {
        /// Why.
        reason: &'static str,
        /// What was refused.
        routing_key: String,
    },
}

/// The orders that wait, each with its own backoff.
#[derive(Debug, Default)]
pub(super) struct HeldOrders {
    orders: HashMap<OrderId, Held>,
    logged_at: Option<Instant>,
}

#[derive(Debug)]
struct Held {
    until: Instant,
    backoff: Backoff,
}

impl HeldOrders {
    /// The orders to pass over now.
    pub(super) fn waiting(&self) -> Vec<Uuid> {
        let now = Instant::now();
        self.orders.iter().filter(|(_, held)| held.until > now).map(|(order, _)| order.uuid()).collect()
    }

    /// Takes note of how an order went.
    pub(super) fn note(&mut self, order: OrderId, settled: Settled) {
        match settled {
            Settled::Sent => {
                self.orders.remove(&order);
            }
            Settled::Refused { reason, routing_key } => {
                self.log(order, reason, &routing_key);
                metrics::counter!(OUTBOX_REFUSED, "routing_key" => routing_key).increment(1);
                self.hold(order);
            }
        }
        metrics::gauge!(OUTBOX_HELD_ORDERS).set(u32::try_from(self.orders.len()).unwrap_or(u32::MAX));
    }

    fn hold(&mut self, order: OrderId) {
        if self.orders.len() >= LIMIT && !self.orders.contains_key(&order) {
            return;
        }
        let now = Instant::now();
        let fresh = Held { until: now, backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT) };
        let held = self.orders.entry(order).or_insert(fresh);
        held.until = now + held.backoff.next_delay();
    }

    fn log(&mut self, order: OrderId, reason: &'static str, routing_key: &str) {
        if self.logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            self.logged_at = Some(Instant::now());
            tracing::error!(
                order.id = %order,
                "event.action" = routing_key,
                error.message = reason,
                "RabbitMQ refuses a message; its order waits at this message"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_order_waits_until_it_is_sent() {
        let mut held = HeldOrders::default();
        let order = OrderId::new(Uuid::from_u128(1));
        held.note(order, Settled::Refused { reason: "no queue is bound for it", routing_key: "inventory.reserve".into() });
        assert_eq!(held.waiting(), [order.uuid()]);
        held.note(order, Settled::Sent);
        assert!(held.waiting().is_empty());
    }
}
