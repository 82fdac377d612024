//! Waiting for news of one order.

use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, timeout_at},
};

use super::{
    hub::{Hub, NotFollowed, Subscription},
    open::Open,
};
use crate::domain::ids::{OrderId, TenantId};

/// One who waits for news of an order, from its making on.
#[derive(Debug)]
pub struct OrderWatch {
    subscription: Subscription,
    order: OrderId,
    _open: Open,
}

impl OrderWatch {
    /// Begins to listen, for a function of this name.
    ///
    /// # Errors
    /// [`NotFollowed`].
    pub async fn begin(hub: &Hub, tenant: TenantId, order: OrderId, function: &'static str) -> Result<Self, NotFollowed> {
        Ok(Self { subscription: hub.subscribe(tenant).await?, order, _open: Open::new(function) })
    }

    /// Waits until something happened to the order, or may have, or it is late, or the process stops.
    pub async fn changed(&mut self, late: Instant) {
        let mut stop = self.subscription.hub.stop();
        let news = async {
            loop {
                match self.subscription.events.recv().await {
                    Ok(event) if event.order == self.order => return,
                    Ok(_) => {}
                    // News may be among what was missed.
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return self.subscription.join_again(),
                }
            }
        };
        tokio::select! {
            // Late is no failure: the caller looks once more.
            _ = timeout_at(late, news) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Whether the process stops: nobody should wait for more.
    pub fn is_stopping(&self) -> bool {
        *self.subscription.hub.stop().borrow()
    }
}
