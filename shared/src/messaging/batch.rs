//! Messages that came together: those about different orders of a tenant take effect in one transaction, every other by itself.
//!
//! What hinders one message must hinder no other. So a transaction takes only what it can have at once, and whatever is left – a message
//! that is refused, an order that is busy – is settled like one that came alone.

use std::{
    collections::{BTreeMap, HashSet},
    time::Instant,
};

use futures_util::{StreamExt as _, stream};
use tokio::time::timeout;

use super::{
    incoming::Message,
    settler::{ReadChange, Settlement, Settler},
};
use crate::{
    commands::{Change, Origin, apply_messages},
    domain::ids::{OrderId, TenantId},
};

/// Messages in one transaction; what came beyond them is in the next.
pub(super) const BATCH_LIMIT: usize = 50;
/// Tenants of one batch that are worked for at once, each with a connection; those beyond them wait for one to be done.
const TENANTS_AT_ONCE: usize = 4;

/// A message, and its place among those that came.
type Placed = (usize, Message);

impl Settler {
    /// Settles what came together and answers what each message came to, in the same order. Messages about one order take effect in the
    /// order in which they came.
    pub(super) async fn settle_all(&self, messages: Vec<Message>) -> Vec<Settlement> {
        let mut settled = match self.read_change() {
            Some(read) if messages.len() > 1 => self.settle_by_tenant(read, messages).await,
            _ => self.settle_alone(messages.into_iter().enumerate().collect()).await,
        };
        settled.sort_unstable_by_key(|(place, _)| *place);
        settled.into_iter().map(|(_, settlement)| settlement).collect()
    }

    async fn settle_by_tenant(&self, read: ReadChange, messages: Vec<Message>) -> Vec<(usize, Settlement)> {
        let mut tenants: BTreeMap<Option<TenantId>, Vec<Placed>> = BTreeMap::new();
        for (place, message) in messages.into_iter().enumerate() {
            tenants.entry(message.tenant).or_default().push((place, message));
        }
        let settling = stream::iter(tenants.into_values()).map(|messages| self.settle_of_tenant(read, messages));
        settling.buffer_unordered(TENANTS_AT_ONCE).concat().await
    }

    /// In rounds: of the messages about one order, one a round.
    async fn settle_of_tenant(&self, read: ReadChange, messages: Vec<Placed>) -> Vec<(usize, Settlement)> {
        let mut settled = Vec::with_capacity(messages.len());
        let mut waiting = messages;
        while !waiting.is_empty() {
            let (round, later) = round(waiting);
            settled.extend(self.settle_round(read, round).await);
            waiting = later;
        }
        settled
    }

    async fn settle_round(&self, read: ReadChange, round: Vec<Placed>) -> Vec<(usize, Settlement)> {
        let started = Instant::now();
        let (mut changes, mut asking, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        for (place, message) in round {
            match self.change(read, &message) {
                Some((origin, change)) => {
                    asking.push((change.order(), (place, message)));
                    changes.push((origin, change));
                }
                None => alone.push((place, message)),
            }
        }
        let applied = self.apply_together(changes).await;
        let mut settled = Vec::with_capacity(asking.len() + alone.len());
        for (order, (place, message)) in asking {
            if applied.contains(&order) {
                self.report(&message, &Ok(()), started.elapsed());
                settled.push((place, Settlement::Done));
            } else {
                alone.push((place, message));
            }
        }
        settled.extend(self.settle_alone(alone).await);
        settled
    }

    /// What a message asks of its order; nothing if it may not be believed or does not say. Why, it will tell by itself.
    fn change(&self, read: ReadChange, message: &Message) -> Option<(Origin, Change)> {
        let incoming = self.incoming(message).ok()?;
        let change = read(&incoming).ok()?;
        Some((incoming.origin(), change))
    }

    /// In a task of its own, as every handler. What is late may still take effect: the inbox makes the repeat a no-op then.
    async fn apply_together(&self, changes: Vec<(Origin, Change)>) -> HashSet<OrderId> {
        if changes.len() < 2 {
            return HashSet::new();
        }
        let context = self.context.clone();
        let applying = tokio::spawn(async move { apply_messages::together(&context, &changes).await });
        timeout(self.time_limit(), applying).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    async fn settle_alone(&self, messages: Vec<Placed>) -> Vec<(usize, Settlement)> {
        let mut settled = Vec::with_capacity(messages.len());
        for (place, message) in messages {
            settled.push((place, self.settle(message, self.time_limit()).await));
        }
        settled
    }
}

/// Parts messages into those of the next transaction and the rest: no order and no message twice, so that each has a claim and a decision
/// of its own.
fn round(messages: Vec<Placed>) -> (Vec<Placed>, Vec<Placed>) {
    let (mut orders, mut ids) = (HashSet::new(), HashSet::new());
    messages.into_iter().partition(|(_, message)| {
        let id = message.event.as_ref().map(|event| (event.source.clone(), event.id.clone()));
        // Both are noted in any case: what follows one that has to wait waits, too.
        let (is_new_order, is_new_id) = (message.order().is_none_or(|order| orders.insert(order)), id.is_none_or(|id| ids.insert(id)));
        is_new_order && is_new_id
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::function::ConsumerSpec;

    static SPEC: ConsumerSpec = ConsumerSpec {
        name: "on-inventory-event",
        purpose: "",
        queue: "q",
        prefetch: 1,
        bindings: &[],
        sources: &["/inventory"],
        types: &["inventory.reserved.v1"],
        timeout_seconds: 10,
        database_role: "orders_app",
    };

    fn message(order: u32, id: &str) -> Message {
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/inventory","type":"inventory.reserved.v1","subject":"ord_{order:032x}",
                "tenantid":"ten_00000000000000000000000000000001","data":{{}}}}"#
        );
        Message::read(&HeaderMap::new(), event.into_bytes(), &SPEC)
    }

    #[test]
    fn a_round_has_no_order_and_no_message_twice_and_keeps_their_order() {
        let came = [message(1, "a"), message(2, "b"), message(1, "c"), message(3, "b"), message(1, "d"), message(3, "e")];
        let mut waiting: Vec<Placed> = came.into_iter().enumerate().collect();
        let mut rounds = Vec::new();
        while !waiting.is_empty() {
            let (now, later) = round(waiting);
            rounds.push(now.iter().map(|(place, _)| *place).collect::<Vec<_>>());
            waiting = later;
        }
        assert_eq!(rounds, [vec![0, 1], vec![2, 3], vec![4, 5]]);
    }
}
