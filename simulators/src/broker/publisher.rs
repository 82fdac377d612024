//! Publishes events with confirms, over a connection of its own that is made again whenever it fails.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use shared::cloudevents::{CONTENT_TYPE, CloudEvent};
use tokio::sync::{Mutex, mpsc};

use super::{backoff, topology};
use crate::log;

/// How long connecting or one confirm may take; beyond it the connection counts as dead and is made again.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);

/// The delivery mode of a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// A handle that publishes; clones share one connection.
#[derive(Debug, Clone)]
pub struct Publisher(Target);

#[derive(Debug, Clone)]
enum Target {
    Broker(Arc<Broker>),
    Memory(mpsc::UnboundedSender<Published>),
}

#[derive(Debug)]
struct Broker {
    url: String,
    /// The living connection and its confirming channel, once made.
    link: Mutex<Option<(Connection, Channel)>>,
}

/// An event that a [`Publisher::to_memory`] was given.
#[derive(Debug)]
pub struct Published {
    /// The exchange it was meant for.
    pub exchange: &'static str,
    /// The event.
    pub event: CloudEvent,
}

impl Publisher {
    /// Publishes to the broker at `url`, which need not be there yet.
    #[must_use]
    pub fn to_broker(url: &str) -> Self {
        Self(Target::Broker(Arc::new(Broker { url: url.to_owned(), link: Mutex::default() })))
    }

    /// Publishes to the receiver, for tests that have no broker.
    #[must_use]
    pub fn to_memory() -> (Self, mpsc::UnboundedReceiver<Published>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(Target::Memory(sender)), receiver)
    }

    /// Publishes an event and returns once the broker has confirmed it, however long that takes.
    ///
    /// An outcome that stays unknown is published again: consumers see duplicates, never gaps.
    pub async fn publish(&self, exchange: &'static str, event: &CloudEvent) {
        let broker = match &self.0 {
            Target::Broker(broker) => broker,
            Target::Memory(sender) => {
                // A test that no longer listens has seen what it wanted.
                let _ = sender.send(Published { exchange, event: event.clone() });
                return;
            }
        };
        let bytes = event.encode_structured();
        for attempt in 0.. {
            match tokio::time::timeout(CONFIRM_TIMEOUT, broker.publish_once(exchange, event, &bytes)).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => log::line("warn", "an event was not confirmed", &[("error.message", &error.to_string())]),
                Err(_) => {
                    log::line("warn", "an event was not confirmed in time", &[("event.id", &event.id)]);
                    broker.link.lock().await.take();
                }
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
    }
}

impl Broker {
    async fn publish_once(&self, exchange: &str, event: &CloudEvent, bytes: &[u8]) -> lapin::Result<()> {
        let channel = self.channel().await?;
        let properties = BasicProperties::default()
            .with_content_type(CONTENT_TYPE.into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(event.id.as_str().into());
        let options = BasicPublishOptions::default();
        let confirm = channel.basic_publish(exchange.into(), event.routing_key().into(), options, bytes, properties).await?;
        if confirm.await?.is_nack() {
            return Err(lapin::ErrorKind::IOError(Arc::new(std::io::Error::other("the broker refused the event"))).into());
        }
        Ok(())
    }

    /// The living channel, or a new one.
    async fn channel(&self) -> lapin::Result<Channel> {
        let mut link = self.link.lock().await;
        if let Some((connection, channel)) = link.as_ref()
            && connection.status().connected()
            && channel.status().connected()
        {
            return Ok(channel.clone());
        }
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        topology::exchanges(&channel).await?;
        *link = Some((connection, channel.clone()));
        Ok(channel)
    }
}
