//! Messages that came together: those about different orders of a tenant take effect in one transaction, every other by itself.
//!
//! What hinders one message must hinder no other. So a transaction takes only what it can have at once, and what it cannot take – a message
//! that is refused, an order that is busy – is left for later, when nobody waits for it any more.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Instant,
};

use futures_util::{StreamExt as _, stream};
use tokio::time::timeout;

use super::{
    incoming::Message,
    outcome::Rejection,
    settler::{Settlement, Settler},
};
use crate::{
    commands::{Change, CommandError, Origin, apply_messages},
    domain::ids::{OrderId, TenantId},
};

/// Messages in one transaction; what came beyond them is in the next.
pub(super) const BATCH_LIMIT: usize = 50;
/// Tenants of one batch that are worked for at once, each with a connection; those beyond them wait for one to be done.
const TENANTS_AT_ONCE: usize = 4;
/// Messages of one batch that are settled by themselves at once, each with a connection; those beyond them wait for one to be done.
const ALONE_AT_ONCE: usize = 4;

/// Some messages, each settled once. Those about one order are settled in the order in which they came.
pub(super) struct Batch {
    settler: Settler,
    /// In that order.
    waiting: Vec<Waiting>,
}

/// A message that is not settled yet.
struct Waiting {
    /// Among those that came.
    place: usize,
    message: Message,
    way: Way,
}

/// How a message can be settled.
enum Way {
    /// With others, if its order can be had: what it asks of that.
    Together(Box<(Origin, Change)>),
    /// By itself.
    Alone,
    /// It was refused already, and only that is to be written down.
    Refused(CommandError),
}

/// What messages came to, each by its place among those that came.
pub(super) type Settled = Vec<(usize, Settlement)>;

impl Batch {
    pub(super) fn new(settler: Settler, messages: Vec<Message>) -> Self {
        let may_join = messages.len() > 1;
        let waiting = messages.into_iter().enumerate().map(|(place, message)| {
            let change = if may_join { settler.change(&message) } else { None };
            // What may not be believed or does not say what it asks will tell why by itself.
            Waiting { place, message, way: change.map_or(Way::Alone, |change| Way::Together(Box::new(change))) }
        });
        Self { waiting: waiting.collect(), settler }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    /// One transaction for each tenant, about as many orders as there are. What is left has to go [alone](Self::settle_alone), or waits for
    /// what is.
    pub(super) async fn settle_together(&mut self) -> Settled {
        let started = Instant::now();
        let chosen = round(&self.waiting);
        let mut tenants: BTreeMap<TenantId, Vec<(Origin, Change)>> = BTreeMap::new();
        for waiting in self.waiting.iter_mut().filter(|waiting| chosen.contains(&waiting.place)) {
            if let Way::Together(change) = std::mem::replace(&mut waiting.way, Way::Alone) {
                tenants.entry(change.0.tenant).or_default().push(*change);
            }
        }
        // One by itself gains nothing by a transaction for many.
        tenants.retain(|_, changes| changes.len() > 1);
        let applying = stream::iter(tenants).map(async |(tenant, changes)| (tenant, self.apply(changes).await));
        let mut known: HashMap<_, _> = applying.buffer_unordered(TENANTS_AT_ONCE).collect().await;
        let mut settled = Settled::new();
        for mut waiting in std::mem::take(&mut self.waiting) {
            let subject = waiting.message.tenant.zip(waiting.message.order()).filter(|_| chosen.contains(&waiting.place));
            match subject.and_then(|(tenant, order)| known.get_mut(&tenant)?.remove(&order)) {
                Some(Ok(())) => {
                    self.settler.report(&waiting.message, &Ok(()), started.elapsed());
                    settled.push((waiting.place, Settlement::Done));
                    continue;
                }
                Some(Err(error)) => waiting.way = Way::Refused(error),
                None => {}
            }
            self.waiting.push(waiting);
        }
        settled
    }

    /// In a task of its own, as every handler. What is late may still take effect: the inbox makes the repeat a no-op then.
    async fn apply(&self, changes: Vec<(Origin, Change)>) -> HashMap<OrderId, Result<(), CommandError>> {
        let context = self.settler.context.clone();
        let applying = tokio::spawn(async move { apply_messages::together(&context, &changes).await });
        timeout(self.settler.time_limit(), applying).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Settles what has to go by itself.
    pub(super) async fn settle_alone(&mut self) -> Settled {
        let (together, alone) = std::mem::take(&mut self.waiting).into_iter().partition(|waiting| matches!(waiting.way, Way::Together(_)));
        self.waiting = together;
        let alone: Vec<Waiting> = alone;
        let settler = &self.settler;
        let settling = stream::iter(alone).map(async |Waiting { place, message, way }| {
            let settlement = match way {
                Way::Refused(error) => settler.settle_refused(&message, Rejection::from(error), Instant::now()).await,
                Way::Alone | Way::Together(_) => settler.settle(message, settler.time_limit()).await,
            };
            (place, settlement)
        });
        settling.buffer_unordered(ALONE_AT_ONCE).collect().await
    }
}

/// The places of what goes together next: the first message of each order, unless it has to go alone, and none that came twice, so that
/// each has a claim and a decision of its own.
fn round(all: &[Waiting]) -> HashSet<usize> {
    let (mut orders, mut ids, mut chosen) = (HashSet::new(), HashSet::new(), HashSet::new());
    for Waiting { place, message, way } in all {
        // All are noted: what follows one that has to wait waits, too.
        let id = message.event.as_ref().map(|event| (&event.source, &event.id));
        let is_first_of_id = id.is_none_or(|id| ids.insert(id));
        let is_first_of_order = message.order().is_none_or(|order| orders.insert((message.tenant, order)));
        if is_first_of_id && is_first_of_order && matches!(way, Way::Together(_)) {
            chosen.insert(*place);
        }
    }
    chosen
}

impl Settler {
    /// What a message asks of its order, if the function changes orders and the message may be believed and says it.
    fn change(&self, message: &Message) -> Option<(Origin, Change)> {
        let incoming = self.incoming(message).ok()?;
        let change = self.read_change()?(&incoming).ok()?;
        Some((incoming.origin(), change))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::{
        catalog,
        commands::{
            Claim,
            record_stock_answer::{self, StockNews},
        },
        domain::{actor::Actor, order::stock::StockAnswer},
    };

    fn message(order: u32, id: &str) -> Message {
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/inventory","type":"inventory.reserved.v1","subject":"ord_{order:032x}",
                "tenantid":"ten_00000000000000000000000000000001","data":{{}}}}"#
        );
        Message::read(&HeaderMap::new(), event.into_bytes(), &catalog::ON_INVENTORY_EVENT)
    }

    fn together(message: &Message) -> Way {
        let order = message.order().unwrap();
        let news = StockNews { order, answer: StockAnswer::Reserved, attempt: 1, short: Vec::new() };
        let origin = Origin {
            tenant: message.tenant.unwrap(),
            actor: Actor::Function("on-inventory-event"),
            correlation_id: String::new(),
            causation_id: None,
            traceparent: None,
            claim: Claim::Deadline,
        };
        Way::Together(Box::new((origin, record_stock_answer::change(news))))
    }

    fn waiting(came: &[(u32, &str)]) -> Vec<Waiting> {
        let waiting = came.iter().enumerate().map(|(place, (order, id))| {
            let message = message(*order, id);
            Waiting { place, way: together(&message), message }
        });
        waiting.collect()
    }

    #[test]
    fn no_order_and_no_message_goes_twice_at_once() {
        let mut all = waiting(&[(1, "a"), (2, "b"), (1, "c"), (3, "b"), (1, "d"), (3, "e")]);
        let mut rounds = Vec::new();
        while !all.is_empty() {
            let chosen = round(&all);
            all.retain(|waiting| !chosen.contains(&waiting.place));
            rounds.push(BTreeMap::from_iter(chosen.into_iter().map(|place| (place, ()))).into_keys().collect::<Vec<_>>());
        }
        assert_eq!(rounds, [vec![0, 1], vec![2, 3], vec![4, 5]]);
    }

    #[test]
    fn what_follows_one_that_goes_alone_waits_for_it() {
        let mut all = waiting(&[(1, "a"), (1, "b"), (2, "c")]);
        all[0].way = Way::Alone;
        assert_eq!(round(&all), HashSet::from([2]));
        all.remove(0);
        assert_eq!(round(&all), HashSet::from([1, 2]));
    }
}
