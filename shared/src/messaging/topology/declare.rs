//! Makes the topology on a broker. Repeating it changes nothing; what is there with other properties is named and left alone.

use lapin::{
    Channel, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};

use super::{Argument, Arguments, EXCHANGES, Kind, queues};
use crate::function::ConsumerSpec;

/// Why the topology could not be declared.
#[derive(Debug, thiserror::Error)]
pub enum DeclareError {
    /// The broker has an object of this name with other properties. Somebody must delete or migrate it; we never do.
    #[error("{object} exists with other properties: {detail}; delete it ({remedy}) and it is declared anew as it must be")]
    Mismatch {
        /// `queue order-service.payment-events`.
        object: String,
        /// The broker's words, which name the property and both values.
        detail: String,
        /// What deletes it, and what to look at before.
        remedy: String,
    },
    /// The broker is away or refuses.
    #[error(transparent)]
    Broker(#[from] lapin::Error),
}

/// Declares every exchange, our two queues of last resort, and the work queues of `consumers`.
///
/// # Errors
/// [`DeclareError::Mismatch`] names the object that differs; the channel is closed then.
pub async fn declare(channel: &Channel, consumers: &[&ConsumerSpec]) -> Result<(), DeclareError> {
    for exchange in EXCHANGES {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let kind = match exchange.kind {
            Kind::Fanout => ExchangeKind::Fanout,
            Kind::Topic => ExchangeKind::Topic,
        };
        let declared = channel.exchange_declare(exchange.name.into(), kind, options, table(exchange.arguments())).await;
        declared.map_err(|error| name_object("exchange", exchange.name, error))?;
    }
    for queue in queues(consumers) {
        let declared = channel.queue_declare(queue.name.into(), QueueDeclareOptions::durable(), table(queue.arguments)).await;
        declared.map_err(|error| name_object("queue", queue.name, error))?;
        for (exchange, key) in queue.bindings {
            let options = QueueBindOptions::default();
            channel.queue_bind(queue.name.into(), exchange.into(), key.into(), options, FieldTable::default()).await?;
        }
    }
    Ok(())
}

fn name_object(kind: &str, name: &str, error: lapin::Error) -> DeclareError {
    match error.kind() {
        ErrorKind::ProtocolError(protocol) if matches!(protocol.kind(), AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED)) => {
            let remedy = match kind {
                "queue" => format!("once it is empty: rabbitmqctl delete_queue {name}"),
                _ => format!("rabbitmqadmin delete exchange name={name}"),
            };
            DeclareError::Mismatch { object: format!("{kind} {name}"), detail: protocol.get_message().to_string(), remedy }
        }
        _ => DeclareError::Broker(error),
    }
}

fn table(arguments: Arguments) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, argument) in arguments {
        let value = match argument {
            Argument::Text(text) => AMQPValue::LongString(text.into()),
            Argument::Number(number) => AMQPValue::LongLongInt(number),
        };
        table.insert(name.into(), value);
    }
    table
}
