//! Takes commands from a partner's queue and hands them to the partner, at least once each.
//!
//! One supervisor makes connection, channel, declarations and consumer, and starts over when any of them ends. A command
//! is acknowledged after the partner's answers were confirmed, so that none is lost with the process.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use shared::cloudevents::{CloudEvent, DecodeError};

use super::{backoff, topology};
use crate::log;
use crate::recent::Recent;

/// The most commands under way at once; the broker keeps the others.
const PREFETCH: u16 = 1_024;

/// A partner's queue and the commands bound to it.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    /// Its name.
    pub name: &'static str,
    /// The routing keys it receives from the commands exchange.
    pub pattern: &'static str,
}

/// Somebody who carries out commands.
pub trait Partner: Send + Sync + 'static {
    /// Carries out one command and publishes the answers; the same command may come again.
    fn handle(&self, command: &CloudEvent) -> impl Future<Output = Result<(), CommandError>> + Send;
}

/// Why a command can never be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The message is no event.
    #[error("the message is no event")]
    Envelope(#[from] DecodeError),
    /// The data is not what the command's type says.
    #[error("the data does not fit the command")]
    Data(#[from] serde_json::Error),
    /// The partner has never heard of this command.
    #[error("the command is of an unknown type")]
    UnknownType,
}

/// Serves a queue for ever; a broker that goes away is waited for.
pub async fn run<P: Partner>(url: String, queue: Queue, partner: Arc<P>) {
    let answered = Arc::new(Mutex::new(Recent::default()));
    let mut attempt = 0;
    loop {
        let started = std::time::Instant::now();
        let ended = match consume(&url, queue, &partner, &answered).await {
            Ok(()) => "the broker cancelled the consumer".to_owned(),
            Err(error) => error.to_string(),
        };
        log::line("warn", "consuming ended and starts over", &[("queue.name", queue.name), ("error.message", &ended)]);
        // A connection that held for a while was a good one: the next failure is a first one.
        attempt = if started.elapsed() > backoff(u32::MAX) { 0 } else { attempt + 1 };
        tokio::time::sleep(backoff(attempt)).await;
    }
}

async fn consume<P: Partner>(url: &str, queue: Queue, partner: &Arc<P>, answered: &Arc<Mutex<Recent<()>>>) -> lapin::Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    topology::exchanges(&channel).await?;
    topology::queue(&channel, queue).await?;
    let options = BasicConsumeOptions::default();
    let mut deliveries = channel.basic_consume(queue.name.into(), "".into(), options, FieldTable::default()).await?;
    while let Some(delivery) = deliveries.next().await {
        tokio::spawn(settle(delivery?, Arc::clone(partner), Arc::clone(answered)));
    }
    Ok(())
}

/// Carries one command out and settles its message. A failed settlement needs no care: the broker delivers again.
async fn settle<P: Partner>(delivery: Delivery, partner: Arc<P>, answered: Arc<Mutex<Recent<()>>>) {
    let known = |id: &str| answered.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some();
    let outcome = match CloudEvent::decode_structured(&delivery.data) {
        Err(error) => Err(error.into()),
        Ok(command) if known(&command.id) => Ok(()),
        Ok(command) => {
            let outcome = partner.handle(&command).await;
            answered.lock().unwrap_or_else(PoisonError::into_inner).insert(&command.id, ());
            outcome
        }
    };
    let _ = match outcome {
        Ok(()) => delivery.ack(BasicAckOptions::default()).await,
        Err(error) => {
            let (key, error) = (delivery.routing_key.as_str(), error.to_string());
            log::line("error", "a command was refused", &[("event.action", key), ("error.message", &error)]);
            delivery.reject(BasicRejectOptions { requeue: false }).await
        }
    };
}
