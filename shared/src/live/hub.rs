//! Who follows what in this process: a feed for each tenant that somebody follows, and limits on how many do.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};

use super::{event::Event, feed::Feed};
use crate::{
    cache::{Bells, Cache},
    clock,
    db::{self, Database, outbox_events},
    domain::{ids::TenantId, position::Position, retention},
};

/// Followers in one process: streams and whoever waits for an order. Another is refused with 503, and finds another process or room later.
/// (Two thousand idle streams are to cost less than 150 MB; a process takes 4,096 connections.)
const FOLLOWERS_MAX: usize = 3_000;
/// Followers of one tenant in one process: no tenant takes the room of all. Another is refused with 429.
const FOLLOWERS_OF_TENANT_MAX: usize = 2_000;
/// A position is good for this much less than events are kept: whatever was committed behind it has not begun to go.
const RESUME_MARGIN_SECONDS: i64 = 3_600;

/// Why nobody may follow now.
#[derive(Debug, thiserror::Error)]
pub enum NotFollowed {
    /// The process has no room.
    #[error("{FOLLOWERS_MAX} follow already")]
    Full,
    /// The tenant has as many as one may have.
    #[error("the tenant has {FOLLOWERS_OF_TENANT_MAX} followers already")]
    FullOfTenant,
    /// PostgreSQL does not say where the events stand.
    #[error("where the events stand could not be read")]
    Database(#[from] db::Error),
}

/// The live views of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: Database,
    feeds: Mutex<HashMap<TenantId, Arc<Feed>>>,
    bells: Option<Bells>,
    room: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// One who listens to a feed. Dropping it ends that, and the feed with its last one.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) tenant: TenantId,
    /// Everything behind `joined_at`, and nothing before it, comes here.
    pub(super) joined_at: Position,
    pub(super) events: broadcast::Receiver<Arc<Event>>,
    pub(super) hub: Hub,
    _feed: Leaver,
    _room: OwnedSemaphorePermit,
}

/// Wakes a feed's reader when somebody leaves, so that it ends with the last one.
#[derive(Debug)]
struct Leaver(Arc<Feed>);

impl Drop for Leaver {
    fn drop(&mut self) {
        self.0.ring();
    }
}

impl Hub {
    /// Follows nothing yet. `cache` has the bells, `stop` turns true when the process ends: then every stream does. To be called within the
    /// runtime.
    pub fn new(database: Database, cache: Option<&Cache>, stop: watch::Receiver<bool>) -> Self {
        Self(Arc::new_cyclic(|inner: &Weak<Inner>| {
            let inner = inner.clone();
            let on_ring = move |tenant| {
                if let Some(hub) = inner.upgrade() {
                    Self(hub).ring(tenant);
                }
            };
            let bells = cache.map(|cache| cache.listen(on_ring));
            Inner { database, feeds: Mutex::default(), bells, room: Arc::new(Semaphore::new(FOLLOWERS_MAX)), stop }
        }))
    }

    /// Somebody says that something happened to the tenant's orders.
    fn ring(&self, tenant: TenantId) {
        if let Some(feed) = self.feeds().get(&tenant) {
            feed.ring();
        }
    }

    /// Begins to listen to a tenant's events.
    ///
    /// # Errors
    /// [`NotFollowed`].
    pub(super) async fn subscribe(&self, tenant: TenantId) -> Result<Subscription, NotFollowed> {
        let room = Arc::clone(&self.0.room).try_acquire_owned().map_err(|_| NotFollowed::Full)?;
        let feed = match self.feed(tenant) {
            Some(joined) => joined,
            None => {
                let head = outbox_events::outbox_event_last(&self.0.database, tenant).await?;
                self.feed_from(tenant, head)
            }
        };
        let Joined { feed, joined_at, events } = feed;
        if feed.followers() > FOLLOWERS_OF_TENANT_MAX {
            return Err(NotFollowed::FullOfTenant);
        }
        Ok(Subscription { tenant, joined_at, events, hub: self.clone(), _feed: Leaver(feed), _room: room })
    }

    /// Joins the tenant's feed, if somebody follows it.
    pub(super) fn feed(&self, tenant: TenantId) -> Option<Joined> {
        // Under the lock, so that its reader cannot end in between.
        self.feeds().get(&tenant).map(Joined::new)
    }

    /// Joins the tenant's feed, which begins behind `head` if nobody else has begun it meanwhile.
    pub(super) fn feed_from(&self, tenant: TenantId, head: Position) -> Joined {
        let mut feeds = self.feeds();
        let mut is_new = false;
        let feed = feeds.entry(tenant).or_insert_with(|| {
            is_new = true;
            Arc::new(Feed::new(tenant, head))
        });
        let joined = Joined::new(feed);
        if is_new {
            if let Some(bells) = &self.0.bells {
                bells.want(tenant);
            }
            tokio::spawn(Arc::clone(feed).run(self.clone(), self.0.stop.clone()));
        }
        joined
    }

    /// Lets a feed go that nobody follows any more; its reader asks before each look.
    pub(super) fn has_retired(&self, tenant: TenantId) -> bool {
        let mut feeds = self.feeds();
        let is_deserted = feeds.get(&tenant).is_none_or(|feed| feed.followers() == 0);
        if is_deserted {
            feeds.remove(&tenant);
            if let Some(bells) = &self.0.bells {
                bells.forget(tenant);
            }
        }
        is_deserted
    }

    /// Whether what lies behind a position is surely all there: it is the beginning, or an event of the tenant that is not old.
    ///
    /// # Errors
    /// Any [`db::Error`].
    pub(super) async fn knows(&self, tenant: TenantId, at: Position) -> Result<bool, db::Error> {
        if at == Position::START {
            return Ok(true);
        }
        let since = clock::now().plus_seconds(RESUME_MARGIN_SECONDS - retention::OUTBOX_SECONDS);
        outbox_events::outbox_event_at(&self.0.database, tenant, at, since).await
    }

    /// Where events are read.
    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    /// Turns true when the process ends.
    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.0.stop.clone()
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Feed>>> {
        // A panic under this lock leaves a map that is whole.
        self.0.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A feed and the place in it where somebody joined.
pub(super) struct Joined {
    pub(super) feed: Arc<Feed>,
    joined_at: Position,
    events: broadcast::Receiver<Arc<Event>>,
}

impl Joined {
    fn new(feed: &Arc<Feed>) -> Self {
        let (joined_at, events) = feed.join();
        Self { feed: Arc::clone(feed), joined_at, events }
    }
}

impl Subscription {
    /// Listens anew after it has missed something: from where the feed stands now.
    pub(super) fn join_again(&mut self) {
        (self.joined_at, self.events) = self._feed.0.join();
    }
}
