//! The events of one tenant: one reader reads each once and hands it to all who follow.

use std::{
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, broadcast, watch},
    time::{Instant, sleep_until},
};

use super::{event::Event, hub::Hub};
use crate::{
    db::{self, Database, outbox_events},
    domain::{ids::TenantId, position::Position},
};

/// Events kept for followers that are behind. Beyond them a follower reads PostgreSQL from its own position. (An event has at most 64 KiB,
/// mostly one or two.)
const KEPT_EVENTS: usize = 128;
/// Events read at once; more are read at once after them.
const PAGE_EVENTS: u16 = 100;
/// Between two looks without a bell. A lost bell costs this, and so does every event while Redis is away.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks with a bell: what rings meanwhile is answered by one look.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// One tenant's events, from the moment when somebody began to follow them.
#[derive(Debug)]
pub(super) struct Feed {
    tenant: TenantId,
    events: broadcast::Sender<Arc<Event>>,
    /// The last event handed out. Changed together with handing out, so that whoever joins knows what will be.
    head: Mutex<Position>,
    bell: Notify,
}

/// How one look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// Everything that has been committed is told.
    Settled,
    /// Something has been committed that cannot be told yet, and nothing was told.
    Held,
    /// The same, and something was told before it.
    HeldLater,
}

/// When to look again without a bell.
#[derive(Debug)]
struct Pauses {
    held: Duration,
}

impl Pauses {
    const fn new() -> Self {
        Self { held: LOOK_PAUSE }
    }

    /// What holds an event back mostly ends in a moment; if it lasts, nobody is helped by hurry.
    fn after(&mut self, looked: Option<Looked>) -> Duration {
        if !matches!(looked, Some(Looked::Held)) {
            self.held = LOOK_PAUSE;
        }
        match looked {
            Some(Looked::Held | Looked::HeldLater) => {
                let longer = (self.held * 2).min(LOOK_EVERY);
                std::mem::replace(&mut self.held, longer)
            }
            Some(Looked::Settled) | None => LOOK_EVERY,
        }
    }
}

impl Feed {
    /// With nothing handed out behind `head`.
    pub(super) fn new(tenant: TenantId, head: Position) -> Self {
        Self { tenant, events: broadcast::Sender::new(KEPT_EVENTS), head: Mutex::new(head), bell: Notify::new() }
    }

    /// Begins to listen: the receiver gets every event behind the position and none before it.
    pub(super) fn join(&self) -> (Position, broadcast::Receiver<Arc<Event>>) {
        let head = self.lock_head();
        (*head, self.events.subscribe())
    }

    /// Makes the reader look now: something may have happened, or somebody has left.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// How many listen.
    pub(super) fn followers(&self) -> usize {
        self.events.receiver_count()
    }

    /// Reads and hands out until nobody follows any more or the process stops.
    pub(super) async fn run(self: Arc<Self>, hub: Hub, mut stop: watch::Receiver<bool>) {
        let mut pauses = Pauses::new();
        let mut is_away = false;
        while !hub.has_retired(self.tenant) {
            let looked_at = Instant::now();
            let looked = self.look(hub.database()).await;
            if let Err(error) = &looked
                && !is_away
            {
                tracing::warn!(tenant.id = %self.tenant, error.message = error as &(dyn Error + 'static), "live views wait for PostgreSQL");
            }
            is_away = looked.is_err();
            let pause = pauses.after(looked.ok());
            tokio::select! {
                () = self.bell.notified() => {}
                () = sleep_until(looked_at + pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            sleep_until(looked_at + LOOK_PAUSE).await;
        }
    }

    /// Hands out everything that can be told.
    async fn look(&self, database: &Database) -> Result<Looked, db::Error> {
        let mut has_told = false;
        loop {
            let after = *self.lock_head();
            let page = outbox_events::outbox_events_after(database, self.tenant, after, None, PAGE_EVENTS).await?;
            has_told |= !page.events.is_empty();
            self.hand_out(&page.events);
            match (page.is_full, page.is_held, has_told) {
                (true, ..) => {}
                (false, false, _) => return Ok(Looked::Settled),
                (false, true, false) => return Ok(Looked::Held),
                (false, true, true) => return Ok(Looked::HeldLater),
            }
        }
    }

    pub(super) fn hand_out(&self, rows: &[outbox_events::EventRow]) {
        let mut head = self.lock_head();
        for row in rows {
            *head = row.position;
            if let Some(event) = Event::read(row) {
                // Nobody listens: the next turn ends.
                let _ = self.events.send(event);
            }
        }
    }

    fn lock_head(&self) -> MutexGuard<'_, Position> {
        // A position is whole at any moment.
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_looked_for_again_soon_and_then_less_often() {
        let mut pauses = Pauses::new();
        let mut held = || pauses.after(Some(Looked::Held)).as_millis();
        assert_eq!([held(), held(), held()], [10, 20, 40]);
        assert_eq!((0..10).map(|_| held()).last(), Some(1_000));
        assert_eq!(pauses.after(Some(Looked::HeldLater)), LOOK_PAUSE, "what moves is looked for soon again");
        assert_eq!(pauses.after(Some(Looked::Settled)), LOOK_EVERY);
        assert_eq!(pauses.after(None), LOOK_EVERY);
    }
}
