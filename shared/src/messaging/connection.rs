//! One link to the broker: how it is opened, what can end it, and the pause before it is made anew.
//!
//! lapin's own recovery is off. A link is built whole – connection, channel, topology, work – and whatever fails, it is dropped
//! whole and built again. What the work is does not live here.

use std::time::Duration;

use lapin::{Connection, ConnectionProperties, uri::AMQPUri};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::topology::DeclareError;
use crate::{backoff::Backoff, db, telemetry::metrics::AMQP_LINKS_LOST};

/// Opening a connection may take this long; beyond it the attempt counts as failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Closing is a courtesy to the broker: beyond this time the socket is simply dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// A peer that is silent for twice this time is gone (unless the URL says otherwise), in seconds.
const HEARTBEAT_SECONDS: u16 = 10;
/// The first pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause: a broker that comes back is found within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// AMQP's reply code of an orderly close.
const REPLY_SUCCESS: u16 = 200;

/// What ended a link.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The broker closed, refused or vanished.
    #[error("RabbitMQ: {0}")]
    Broker(#[from] lapin::Error),
    /// The broker is there and says nothing: blocked, or cut off without a reset.
    #[error("RabbitMQ did not answer in time: {0}")]
    Silent(&'static str),
    /// An exchange or queue is not as we need it.
    #[error(transparent)]
    Declare(#[from] DeclareError),
    /// The queue was deleted or moved under its consumer.
    #[error("RabbitMQ cancelled the consumer")]
    Cancelled,
    /// The relay's half of the link.
    #[error("the outbox cannot be worked: {0}")]
    Store(#[from] db::Error),
    /// Nothing will help but another configuration.
    #[error("AMQP_URL is not an AMQP URL")]
    Url,
}

/// Opens a connection that shows as `orders/<function>` in the broker's lists.
pub(super) async fn open(amqp_url: &SecretString, function: &str) -> Result<Connection, Failure> {
    let mut uri: AMQPUri = amqp_url.expose_secret().parse().map_err(|_: String| Failure::Url)?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    let properties = ConnectionProperties::default().with_connection_name(format!("orders/{function}").into());
    match timeout(CONNECT_TIMEOUT, Connection::connect_uri(uri, properties)).await {
        Ok(connected) => Ok(connected?),
        Err(_) => Err(Failure::Silent("connect")),
    }
}

/// Closes in good order, if the broker still answers; what was not acknowledged returns to its queue.
pub(super) async fn close(connection: &Connection) {
    let closing = connection.close(REPLY_SUCCESS, "done".into());
    if timeout(CLOSE_TIMEOUT, closing).await.is_err() {
        tracing::debug!("RabbitMQ did not answer the close");
    }
}

/// Completes when the process is asked to stop, or when nobody is left who could ask.
pub(super) async fn stop_requested(shutdown: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which asks the same.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// The standing of one function's link: logs its changes, not its attempts, and paces the attempts.
#[derive(Debug)]
pub(super) struct Link {
    function: &'static str,
    standing: Standing,
    backoff: Backoff,
}

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    New,
    Up,
    /// Down, for the reason last logged.
    Down(String),
}

impl Link {
    pub(super) const fn new(function: &'static str) -> Self {
        Self { function, standing: Standing::New, backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE) }
    }

    /// The link works.
    pub(super) fn established(&mut self) {
        self.backoff.reset();
        self.standing = Standing::Up;
        tracing::info!("labels.function" = self.function, "connected to RabbitMQ");
    }

    /// The link is lost: says so if that is news, and waits before the next attempt or until the process stops.
    pub(super) async fn lost(&mut self, failure: &Failure, shutdown: &mut watch::Receiver<bool>) {
        let reason = failure.to_string();
        let down = Standing::Down(reason.clone());
        if self.standing != down {
            match failure {
                Failure::Declare(DeclareError::Mismatch { .. }) => tracing::error!(
                    "labels.function" = self.function,
                    error.message = reason,
                    "RabbitMQ has an object that is not as this function needs it; it waits until somebody deletes it"
                ),
                _ => tracing::warn!("labels.function" = self.function, error.message = reason, "not connected to RabbitMQ; trying again"),
            }
            self.standing = down;
        }
        metrics::counter!(AMQP_LINKS_LOST, "function" => self.function).increment(1);
        tokio::select! {
            () = sleep(self.backoff.next_delay()) => {}
            () = stop_requested(shutdown) => {}
        }
    }
}
