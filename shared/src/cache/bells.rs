//! The bell of a tenant's live views: rung by whoever learns of an event, heard by every process in which somebody follows the tenant.
//!
//! A bell says that there is something to read, and not what; one that is missed costs its listener the second until it looks by itself. It
//! is rung on a sharded channel (Redis 7), which belongs to the tenant's slot like its keys: nobody who does not listen hears of it.
//!
//! A process listens over one connection of its own, to as many tenants as are followed in it, and to none while nobody follows.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{PushInfo, PushKind, RedisResult, Value, aio::SendError};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{
    Cache, RESPONSE_TIMEOUT, Unavailable,
    link::{Connection, Link},
    tag,
};
use crate::{backoff::Backoff, domain::ids::TenantId};

/// What is said; nobody reads it.
const RING: &str = "1";
/// Before the tag of a tenant: its channel.
const PREFIX: &str = "e:";
/// How often every channel is asked for again: it finds a connection that fell silent, and a channel whose slot has moved.
const ASK_AGAIN_EVERY: Duration = Duration::from_secs(10);
/// Between two attempts to listen: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

impl Cache {
    /// Rings.
    ///
    /// # Errors
    /// [`Unavailable`]: nobody has heard it.
    pub async fn ring(&self, tenant: TenantId) -> Result<(), Unavailable> {
        let _heard: i64 = self.query(tenant, redis::cmd("SPUBLISH").arg(channel(tenant)).arg(RING)).await?;
        Ok(())
    }

    /// Listens from now on, whenever Redis is there, to the tenants that the [`Bells`] are told. `on_ring` must return at once. To be called
    /// within the runtime.
    pub fn listen(&self, on_ring: impl Fn(TenantId) + Send + Sync + 'static) -> Bells {
        let bells = Bells(Arc::default());
        tokio::spawn(Arc::clone(&bells.0).run(Arc::clone(&self.0.link), Arc::new(on_ring)));
        bells
    }
}

/// Whose bells are listened to.
#[derive(Debug)]
pub struct Bells(Arc<Wanted>);

#[derive(Debug, Default)]
struct Wanted {
    tenants: Mutex<BTreeSet<TenantId>>,
    changed: Notify,
}

impl Bells {
    /// Listens to a tenant's bell from soon on.
    pub fn want(&self, tenant: TenantId) {
        self.0.tenants().insert(tenant);
        self.0.changed.notify_one();
    }

    /// Listens to it no longer.
    pub fn forget(&self, tenant: TenantId) {
        self.0.tenants().remove(&tenant);
        self.0.changed.notify_one();
    }
}

impl Wanted {
    async fn run(self: Arc<Self>, link: Arc<Link>, on_ring: Arc<impl Fn(TenantId) + Send + Sync + 'static>) {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            while self.tenants().is_empty() {
                self.changed.notified().await;
            }
            // Of this connection alone: the end of the one before says nothing about it.
            let lost = Arc::new(Notify::new());
            let (on_ring, on_end) = (Arc::clone(&on_ring), Arc::clone(&lost));
            let connected = link.listen(move |push: PushInfo| hear(&push, &*on_ring, &on_end)).await;
            let ended = match connected {
                Ok(connection) => self.follow(connection, &lost, &mut backoff).await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                tracing::debug!(error.message = %error, "bells are not heard; live views look by themselves");
                sleep(backoff.next_delay()).await;
            }
        }
    }

    /// Listens over one connection to whoever is wanted, until nobody is any more, or the connection fails.
    async fn follow(&self, mut connection: Connection, lost: &Notify, backoff: &mut Backoff) -> RedisResult<()> {
        let mut heard = BTreeSet::new();
        loop {
            let wanted = self.tenants().clone();
            if wanted.is_empty() {
                return Ok(());
            }
            for tenant in wanted.difference(&heard) {
                within_limit(connection.ssubscribe(&channel(*tenant))).await?;
            }
            for tenant in heard.difference(&wanted) {
                within_limit(connection.sunsubscribe(&channel(*tenant))).await?;
            }
            heard = wanted;
            backoff.reset();
            tokio::select! {
                () = self.changed.notified() => {}
                () = lost.notified() => return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()),
                () = sleep(ASK_AGAIN_EVERY) => heard.clear(),
            }
        }
    }

    fn tenants(&self) -> MutexGuard<'_, BTreeSet<TenantId>> {
        // A panic under this lock leaves a set that is whole.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what Redis says unasked.
fn hear(push: &PushInfo, on_ring: &impl Fn(TenantId), lost: &Notify) -> Result<(), SendError> {
    match push.kind {
        PushKind::SMessage => push.data.first().and_then(tenant).into_iter().for_each(on_ring),
        PushKind::Disconnection => lost.notify_one(),
        _ => {}
    }
    Ok(())
}

async fn within_limit(asked: impl Future<Output = RedisResult<()>>) -> RedisResult<()> {
    let late = || std::io::Error::from(std::io::ErrorKind::TimedOut).into();
    timeout(RESPONSE_TIMEOUT, asked).await.unwrap_or_else(|_| Err(late()))
}

/// The channel of a tenant: its hash tag is that of the tenant's keys.
fn channel(tenant: TenantId) -> String {
    format!("{PREFIX}{}", tag(tenant))
}

/// The tenant of a channel.
fn tenant(channel: &Value) -> Option<TenantId> {
    let Value::BulkString(channel) = channel else { return None };
    let name = str::from_utf8(channel).ok()?.strip_prefix(PREFIX)?;
    let digits = name.strip_prefix('{')?.strip_suffix('}')?;
    Uuid::try_parse(digits).ok().map(TenantId::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_names_its_tenant() {
        let known = TenantId::new(Uuid::from_u128(0x0198_f000_0000_7000_8000_0000_0000_0001));
        assert_eq!(channel(known), "e:{0198f000000070008000000000000001}");
        assert_eq!(tenant(&Value::BulkString(channel(known).into_bytes())), Some(known));
        for other in ["e:{}", "e:0198f000000070008000000000000001", "x:{0198f000000070008000000000000001}", ""] {
            assert_eq!(tenant(&Value::BulkString(other.as_bytes().to_vec())), None, "{other}");
        }
    }
}
