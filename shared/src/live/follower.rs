//! From any position to the newest event, without a gap and without a repeat: out of PostgreSQL as far as the feed does not reach back, then
//! with the feed.
//!
//! The two meet without a seam. Whoever joins a feed learns its head: it gets every event behind that and none before. What lies between the
//! follower's own position and the head can be told, because the feed has told it, so PostgreSQL shows all of it in its order.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use super::{
    event::Event,
    hub::{Hub, NotFollowed, Subscription},
};
use crate::{
    db::{self, outbox_events},
    domain::{
        ids::{OrderId, TenantId},
        messages::MessageType,
        position::Position,
    },
};

/// Events read at once to catch up. More come in further pages: a follower holds one page at most.
const PAGE_EVENTS: u16 = 50;
/// Positions looked through at once for the events of one order.
const PAGE_POSITIONS: u16 = 500;

/// Which events of the tenant somebody wants.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those about this order; nothing for all.
    pub order: Option<OrderId>,
    /// Those of these types; empty for all.
    pub types: Vec<MessageType>,
}

impl Filter {
    fn takes(&self, event: &Event) -> bool {
        let is_wanted = self.types.is_empty() || self.types.iter().any(|kind| kind.as_str() == event.kind);
        is_wanted && self.order.is_none_or(|order| order == event.order)
    }
}

/// Where somebody wants to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// With what happens from now on.
    Now,
    /// Behind this event.
    Position(Position),
    /// Behind something that is no position.
    Unknown,
}

/// One who follows a tenant's events.
#[derive(Debug)]
pub struct Follower {
    subscription: Subscription,
    filter: Filter,
    /// Everything up to here was told, or is not wanted.
    at: Position,
    is_lost: bool,
}

/// What a follower hears of its feed.
#[derive(Debug)]
pub(super) enum Heard {
    /// The next event.
    Event(Arc<Event>),
    /// One that is not wanted.
    Nothing,
    /// It was too slow for the feed: what it has missed must be read.
    Behind,
}

impl Follower {
    /// Begins to follow: behind the position, if nothing behind it is lost; otherwise with what happens from now on.
    ///
    /// # Errors
    /// [`NotFollowed`].
    pub async fn begin(hub: &Hub, tenant: TenantId, filter: Filter, after: After) -> Result<Self, NotFollowed> {
        let subscription = hub.subscribe(tenant).await?;
        let (at, is_lost) = match after {
            After::Now => (subscription.joined_at, false),
            After::Unknown => (subscription.joined_at, true),
            After::Position(at) if hub.knows(tenant, at).await? => (at, false),
            After::Position(_) => (subscription.joined_at, true),
        };
        Ok(Self { subscription, filter, at, is_lost })
    }

    /// Whose events they are.
    pub(super) const fn tenant(&self) -> TenantId {
        self.subscription.tenant
    }

    /// The order whose events are followed alone.
    pub(super) const fn order(&self) -> Option<OrderId> {
        self.filter.order
    }

    /// Where the process's end is told.
    pub(super) const fn hub(&self) -> &Hub {
        &self.subscription.hub
    }

    /// Everything up to here was told.
    pub(super) const fn position(&self) -> Position {
        self.at
    }

    /// Whether what lies between its caller's position and its own may be lost.
    pub(super) const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether there is something that the feed will not tell it.
    pub(super) fn is_behind(&self) -> bool {
        self.at < self.subscription.joined_at
    }

    /// The next events that the feed will not tell, until it is no longer [behind](Self::is_behind).
    ///
    /// # Errors
    /// Any [`db::Error`]; the same events come with the next call.
    pub(super) async fn catch_up(&mut self) -> Result<Vec<Arc<Event>>, db::Error> {
        let limit = if self.filter.order.is_some() { PAGE_POSITIONS } else { PAGE_EVENTS };
        let database = self.subscription.hub.database();
        let page = outbox_events::outbox_events_after(database, self.subscription.tenant, self.at, self.filter.order, limit).await?;
        let last = page.events.last().map_or(self.at, |event| event.position);
        // A page that is not full reaches as far as anything can be told, and the feed's head was told.
        self.at = if page.is_full { last } else { last.max(self.subscription.joined_at) };
        Ok(page.events.iter().filter_map(Event::read).filter(|event| self.filter.takes(event)).collect())
    }

    /// Waits for the feed. Cancel-safe.
    pub(super) async fn heard(&mut self) -> Heard {
        match self.subscription.events.recv().await {
            // What was caught up with beyond the head comes again.
            Ok(event) if event.position <= self.at => Heard::Nothing,
            Ok(event) => {
                self.at = event.position;
                if self.filter.takes(&event) { Heard::Event(event) } else { Heard::Nothing }
            }
            // A feed outlives its followers, so it is never closed.
            Err(RecvError::Lagged(_) | RecvError::Closed) => {
                self.subscription.join_again();
                Heard::Behind
            }
        }
    }
}
