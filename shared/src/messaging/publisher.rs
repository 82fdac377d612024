//! Publishing with confirms on a connection of its own, so that a broker that blocks publishers never silences consumers.
//!
//! It knows messages as the outbox keeps them; which to send, and in which order, is the relay's business.

use std::{borrow::Cow, time::Duration};

use lapin::{
    BasicProperties, Channel, Confirmation, Connection,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    connection::{self, Failure},
    topology,
};
use crate::{
    chaos::{self, CrashPoint, PlantedBug},
    cloudevents,
    db::outbox::OutboxMessage,
};

/// A confirm that takes longer means a blocked or dead broker: a new connection, and everything unconfirmed once more.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
/// AMQP's delivery mode of messages that survive a restart of the broker.
const PERSISTENT: u8 = 2;

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Published {
    /// The broker has it, on disk, in every queue that wants it.
    Confirmed,
    /// The broker does not take it now, for this reason. The link is fine.
    Refused(&'static str),
}

/// A channel in confirm mode.
pub(super) struct Publisher {
    connection: Connection,
    channel: Channel,
}

/// The attributes of a stored event that AMQP repeats.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    traceparent: Option<Cow<'a, str>>,
}

impl Publisher {
    pub(super) async fn open(amqp_url: &SecretString, function: &str) -> Result<Self, Failure> {
        let connection = connection::open(amqp_url, function).await?;
        let channel = connection.create_channel().await?;
        topology::declare(&channel, &[]).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { connection, channel })
    }

    /// Sends one message and waits for its confirm. An error ends the link: what became of the message is then unknown.
    pub(super) async fn publish(&self, message: &OutboxMessage) -> Result<Published, Failure> {
        if !topology::is_exchange(&message.exchange) {
            return Ok(Published::Refused("unknown exchange"));
        }
        let Some((routing_key, properties)) = address(message) else {
            return Ok(Published::Refused("not an event"));
        };
        // `mandatory`: without it a message that no queue wants would be confirmed and lost.
        let options = BasicPublishOptions { mandatory: !chaos::is_planted(PlantedBug::NoMandatory), ..Default::default() };
        let confirmed = async {
            let confirm =
                self.channel.basic_publish(message.exchange.as_str().into(), routing_key, options, &message.body, properties).await?;
            chaos::point(CrashPoint::RelayBeforeConfirm);
            confirm.await
        };
        let confirmation = timeout(CONFIRM_TIMEOUT, confirmed).await.map_err(|_| Failure::Silent("confirm"))??;
        Ok(match confirmation {
            Confirmation::Ack(None) => Published::Confirmed,
            Confirmation::Ack(Some(_)) => Published::Refused("no queue is bound for it"),
            Confirmation::Nack(_) => Published::Refused("its queue is full or away"),
            Confirmation::NotRequested => Published::Refused("the channel does not confirm"),
        })
    }

    pub(super) async fn close(&self) {
        connection::close(&self.connection).await;
    }
}

/// Routing key and properties of a message; `None` when its bytes are no event, which no version of ours ever writes.
fn address(message: &OutboxMessage) -> Option<(ShortString, BasicProperties)> {
    let envelope: Envelope<'_> = serde_json::from_slice(&message.body).ok()?;
    let mut headers = FieldTable::default();
    // The only header: others would become CloudEvents attributes on their way through Knative, and invalid ones drop the message.
    if let Some(traceparent) = envelope.traceparent {
        headers.insert("traceparent".into(), AMQPValue::LongString(traceparent.as_bytes().into()));
    }
    let properties = BasicProperties::default()
        .with_content_type(cloudevents::CONTENT_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(ShortString::try_new(envelope.id).ok()?)
        .with_type(ShortString::try_new(envelope.r#type).ok()?)
        .with_headers(headers);
    Some((ShortString::try_new(message.routing_key.as_str()).ok()?, properties))
}
