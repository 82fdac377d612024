//! Looks, sends and marks, none of which waits for the others: while messages are under way the next are read, and those that the
//! broker has confirmed are marked.

use std::time::Duration;

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::{
    held::{HeldOrders, Settled},
    window::Window,
};
use crate::{
    chaos::{self, CrashPoint},
    clock,
    db::{
        Database,
        outbox::{OutboxMessage, outbox_mark_published, outbox_unpublished},
    },
    domain::ids::{EventId, OrderId, TenantId},
    messaging::{
        connection::{Failure, stop_requested},
        publisher::{Published, Publisher},
    },
    telemetry::metrics::OUTBOX_PUBLISHED,
};

/// Confirms outstanding at once: one an order, so orders beyond it wait.
const OUTSTANDING: usize = 256;
/// Messages marked by one UPDATE; what is confirmed beyond it is marked by the next.
const MARK_CHUNK: usize = 256;
/// While so many messages are under way, fewer than this are not marked yet: an UPDATE costs more than each of its rows.
const MARK_LEAST: usize = 128;
/// A look that found this much has not seen everything, so the next follows at once: it is one shard's share of a page.
const FOUND_MUCH: usize = 128;
/// Between the beginnings of two looks otherwise, however often the bell rings.
const LOOK_PAUSE: Duration = Duration::from_millis(5);
/// Between two looks that nobody asked for, after one that found something. The bell rings every 10 ms at most; most messages need not wait
/// for it.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// Between two looks that nobody asked for, after one that found nothing.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// What a mark needs to know of a message.
#[derive(Debug, Clone, Copy)]
struct Confirmed {
    tenant: TenantId,
    event: EventId,
    order: OrderId,
}

/// What came of one thing that was under way.
enum Done {
    /// The outbox was looked at.
    Looked(Vec<OutboxMessage>),
    /// The broker has answered about a message.
    Sent(OutboxMessage, Published),
    /// These are marked.
    Marked(Vec<Confirmed>),
}

/// The work of one link, from its opening to its end.
pub(super) struct Pipeline<'w> {
    database: &'w Database,
    publisher: &'w Publisher,
    shards: watch::Receiver<Vec<i16>>,
    held: &'w mut HeldOrders,
    window: Window,
    under_way: FuturesUnordered<BoxFuture<'w, Result<Done, Failure>>>,
    /// Messages among what is under way.
    sending: usize,
    confirmed: Vec<Confirmed>,
    is_marking: bool,
    is_looking: bool,
    /// Something may be there that no look has seen.
    is_due: bool,
    /// The next look is not before this.
    not_before: Instant,
    /// The next look is at this time if nothing asks for it earlier.
    look_at: Instant,
}

impl<'w> Pipeline<'w> {
    /// With nothing under way.
    pub(super) fn new(
        database: &'w Database,
        publisher: &'w Publisher,
        shards: watch::Receiver<Vec<i16>>,
        held: &'w mut HeldOrders,
    ) -> Self {
        let now = Instant::now();
        Self {
            database,
            publisher,
            shards,
            held,
            window: Window::default(),
            under_way: FuturesUnordered::new(),
            sending: 0,
            confirmed: Vec::new(),
            is_marking: false,
            is_looking: false,
            is_due: true,
            not_before: now,
            look_at: now,
        }
    }

    /// Works until the process stops, and then until what was sent is marked; a ring of the bell asks for a look.
    ///
    /// # Errors
    /// Whatever ends the link: what is under way then is sent again by the next.
    pub(super) async fn run(mut self, bell: &Notify, mut shutdown: watch::Receiver<bool>) -> Result<(), Failure> {
        loop {
            let stopping = *shutdown.borrow();
            if !stopping {
                self.look();
                self.send();
            }
            self.mark();
            if stopping && self.sending == 0 && !self.is_marking {
                return Ok(());
            }
            let may_look = !stopping && !self.is_looking && self.window.is_low();
            let look_at = if self.is_due { self.not_before } else { self.look_at };
            tokio::select! {
                Some(done) = self.under_way.next() => self.settle(done?),
                () = bell.notified(), if !stopping => self.is_due = true,
                Ok(()) = self.shards.changed(), if !stopping => self.is_due = true,
                () = sleep_until(look_at), if may_look => self.is_due = true,
                () = stop_requested(&mut shutdown), if !stopping => {}
            }
        }
    }

    /// Begins a look at the outbox, if one is due.
    fn look(&mut self) {
        let now = Instant::now();
        if self.is_looking || !self.is_due || now < self.not_before || !self.window.is_low() {
            return;
        }
        let limits = self.window.limits(&self.shards.borrow_and_update());
        let (database, except) = (self.database, self.held.waiting());
        (self.is_due, self.is_looking) = (false, true);
        self.not_before = now + LOOK_PAUSE;
        self.under_way.push(Box::pin(async move { Ok(Done::Looked(outbox_unpublished(database, &limits, &except).await?)) }));
    }

    /// Hands heads to the broker, as many as may be outstanding.
    fn send(&mut self) {
        while self.sending < OUTSTANDING
            && let Some(message) = self.window.next()
        {
            chaos::point(CrashPoint::RelayBeforePublish);
            let publisher = self.publisher;
            self.sending += 1;
            self.under_way.push(Box::pin(async move {
                let published = publisher.publish(&message).await?;
                Ok(Done::Sent(message, published))
            }));
        }
    }

    /// Begins to mark what is confirmed, unless a mark is under way: what comes meanwhile goes with the next. So does what is soon joined by
    /// more.
    fn mark(&mut self) {
        let is_worth_it = self.confirmed.len() >= MARK_LEAST || self.sending < MARK_LEAST;
        if self.is_marking || self.confirmed.is_empty() || !is_worth_it {
            return;
        }
        let chunk: Vec<_> = self.confirmed.drain(..self.confirmed.len().min(MARK_CHUNK)).collect();
        let database = self.database;
        self.is_marking = true;
        self.under_way.push(Box::pin(async move {
            let keys: Vec<_> = chunk.iter().map(|confirmed| (confirmed.tenant, confirmed.event)).collect();
            chaos::point(CrashPoint::RelayBeforeMark);
            outbox_mark_published(database, &keys, clock::now()).await?;
            chaos::point(CrashPoint::RelayAfterMark);
            Ok(Done::Marked(chunk))
        }));
    }

    fn settle(&mut self, done: Done) {
        match done {
            Done::Looked(messages) => {
                let found = self.window.take_in(messages);
                let now = Instant::now();
                self.is_looking = false;
                self.look_at = now + if found == 0 { IDLE_PAUSE } else { BUSY_PAUSE };
                if found >= FOUND_MUCH {
                    (self.is_due, self.not_before) = (true, now);
                }
            }
            Done::Sent(message, published @ (Published::Confirmed | Published::Gone)) => {
                self.sending -= 1;
                note(&message, published);
                self.confirmed.push(Confirmed { tenant: message.tenant, event: message.event, order: message.order });
                if !self.window.confirmed(message.order) {
                    self.held.note(message.order, Settled::Sent);
                }
            }
            Done::Sent(message, Published::Refused(reason)) => {
                self.sending -= 1;
                self.window.refused(message.order, message.event);
                self.held.note(message.order, Settled::Refused { reason, routing_key: message.routing_key });
            }
            Done::Marked(chunk) => {
                self.is_marking = false;
                for confirmed in chunk {
                    self.window.marked(confirmed.order, confirmed.event, self.is_looking);
                }
            }
        }
    }
}

/// Counts a message that was sent, and tells of one that could not be.
fn note(message: &OutboxMessage, published: Published) {
    if published == Published::Gone {
        let (tenant, order) = (message.tenant, message.order);
        tracing::warn!(tenant.id = %tenant, order.id = %order, "an event that is to be sent again is gone; nothing is sent");
    } else {
        metrics::counter!(OUTBOX_PUBLISHED).increment(1);
    }
}
