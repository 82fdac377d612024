//! The outbox as its relay sees it: unpublished messages of all tenants, the shard locks, and the bell that wakes the relay.
//!
//! Writers insert their rows inside their own statements; nothing here writes a message.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use jiff_sqlx::ToSqlx;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use uuid::Uuid;

use super::{Database, Error};
use crate::{
    chaos::{self, CrashPoint, PlantedBug},
    domain::{
        ids::{EventId, OrderId, TenantId},
        timestamp::Timestamp,
    },
};

/// Shards of the outbox: a row's shard is a hash of its order, so that one order is always one relay's.
pub const SHARDS: i16 = 16;
/// First key of the advisory locks that give a shard to one relay ("outb" in ASCII).
const LOCK_CLASS: i32 = 0x6f75_7462;
/// What relays LISTEN to.
const CHANNEL: &str = "outbox";
/// A process rings at most once in this time; what commits meanwhile is covered by the ring at its end.
const WAKE_INTERVAL: Duration = Duration::from_millis(10);

/// One message that is not published yet.
#[derive(Debug)]
pub struct OutboxMessage {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its key in the outbox.
    pub event: EventId,
    /// The order that it must be published in order of.
    pub order: OrderId,
    /// Where to.
    pub exchange: String,
    /// Its type without the version.
    pub routing_key: String,
    /// The final bytes: one structured-mode CloudEvent.
    pub body: Vec<u8>,
}

type Row = (Uuid, Uuid, Uuid, String, String, Vec<u8>);

/// The shard of an order's messages: the low bits of a UUIDv7 are random.
pub fn shard(order: OrderId) -> i16 {
    // Less than sixteen.
    (order.uuid().as_u128() % SHARDS as u128) as i16
}

/// The oldest unpublished messages of these shards, of each at most as many as stands beside it, without those of the orders in `except`.
///
/// # Errors
/// Any [`Error`].
pub async fn outbox_unpublished(database: &Database, shards: &[(i16, i64)], except: &[Uuid]) -> Result<Vec<OutboxMessage>, Error> {
    let (shards, limits): (Vec<i16>, Vec<i64>) = shards.iter().copied().unzip();
    let statement = if chaos::is_planted(PlantedBug::WatermarkRelay) {
        include_str!("outbox_after_watermark.sql")
    } else {
        include_str!("outbox_unpublished.sql")
    };
    let rows: Vec<Row> = sqlx::query_as(statement).bind(shards).bind(limits).bind(except).fetch_all(database.system()).await?;
    Ok(rows.into_iter().map(message).collect())
}

fn message((tenant, event, order, exchange, routing_key, body): Row) -> OutboxMessage {
    OutboxMessage { tenant: TenantId::new(tenant), event: EventId::new(event), order: OrderId::new(order), exchange, routing_key, body }
}

/// Marks messages as published. Only for what the broker has confirmed.
///
/// # Errors
/// Any [`Error`]; then they are published again.
pub async fn outbox_mark_published(database: &Database, messages: &[(TenantId, EventId)], now: Timestamp) -> Result<(), Error> {
    let (tenants, events): (Vec<Uuid>, Vec<Uuid>) = messages.iter().map(|(tenant, event)| (tenant.uuid(), event.uuid())).unzip();
    sqlx::query(include_str!("outbox_mark_published.sql"))
        .bind(tenants)
        .bind(events)
        .bind(now.to_jiff().to_sqlx())
        .execute(database.system())
        .await?;
    Ok(())
}

/// One session outside any transaction pooler: it holds shards and hears the bell. When it is lost, so are its shards.
pub struct OutboxSession {
    listener: PgListener,
    pool: PgPool,
}

impl OutboxSession {
    /// Connects and listens.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn open(direct: PgConnectOptions) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(super::ACQUIRE_TIMEOUT).connect_lazy_with(direct);
        let mut listener = PgListener::connect_with(&pool).await?;
        // A silent reconnect would hide that the locks are gone.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Self { listener, pool })
    }

    /// Takes those of the `wanted` shards that no other relay holds, and answers them.
    ///
    /// # Errors
    /// Any [`Error`]: the session counts as lost.
    pub async fn take_shards(&mut self, wanted: &[i16]) -> Result<Vec<i16>, Error> {
        let wanted: Vec<i32> = wanted.iter().copied().map(i32::from).collect();
        let taken =
            sqlx::query_scalar(include_str!("outbox_lock_shards.sql")).bind(LOCK_CLASS).bind(wanted).fetch_all(&mut self.listener).await?;
        Ok(taken)
    }

    /// Waits until somebody rings. Safe to drop and call again.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the session is lost.
    pub async fn heard(&mut self) -> Result<(), Error> {
        match self.listener.try_recv().await? {
            Some(_) => Ok(()),
            None => Err(Error::Unavailable(sqlx::Error::WorkerCrashed)),
        }
    }

    /// Ends the session, so that other relays may have its shards at once.
    pub async fn close(self) {
        drop(self.listener);
        self.pool.close().await;
    }
}

/// Rings for the relay after a commit: at once, then at most every 10 ms, never waiting for it. Cheap to clone.
///
/// A lost ring costs one second: the relay also looks by itself.
#[derive(Debug, Clone)]
pub struct OutboxWaker {
    database: Database,
    state: Arc<AtomicU8>,
}

/// Nobody rings just now.
const IDLE: u8 = 0;
/// A ring is out; nothing has been committed since.
const RUNG: u8 = 1;
/// Something was committed after the ring: ring once more.
const WANTED: u8 = 2;

impl OutboxWaker {
    /// One a process, shared by every command.
    pub fn new(database: Database) -> Self {
        Self { database, state: Arc::new(AtomicU8::new(IDLE)) }
    }

    /// Lets the relay know that something was committed. Returns at once; must be called within the runtime.
    pub fn wake(&self) {
        if self.state.swap(WANTED, Ordering::AcqRel) == IDLE {
            tokio::spawn(self.clone().ring());
        }
    }

    async fn ring(self) {
        loop {
            self.state.store(RUNG, Ordering::Release);
            chaos::point(CrashPoint::WakerBeforeRing);
            if let Err(error) = sqlx::query(include_str!("outbox_notify.sql")).execute(self.database.system()).await {
                tracing::debug!(error.message = %error, "the relay could not be woken; it will look by itself");
            }
            tokio::time::sleep(WAKE_INTERVAL).await;
            if self.state.compare_exchange(RUNG, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return;
            }
        }
    }
}
