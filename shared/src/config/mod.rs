//! The environment of a process, read once at start: one struct per concern, whose doc comment lists its variables.
//!
//! Everything wrong is reported at once ([`ConfigError`]). Nothing outside this room reads the environment (the hosts' one exception:
//! AWS_LAMBDA_RUNTIME_API, which says what hosts us), and nothing in it connects to anything.

mod amqp;
mod consume;
mod database;
mod environment;
mod keys;
mod operator;
mod payment_service;
mod payment_webhook;
mod reader;
mod redis;
mod server;
#[cfg(test)]
mod tests;
mod urls;

use std::sync::Arc;

use secrecy::SecretString;

pub use self::{
    amqp::AmqpConfig,
    consume::Consume,
    database::DatabaseConfig,
    environment::Environment,
    payment_service::PaymentServiceConfig,
    reader::{ConfigError, Lookup, Reader},
    redis::RedisConfig,
    server::ServerConfig,
};
use crate::{
    secrets::{Keyring, WebhookSecret},
    telemetry::{self, LogConfig},
};

/// ECS `service.name` of every process.
const SERVICE_NAME: &str = "order-service";
const DEFAULT_LOG_LEVEL: &str = "info";

/// What the hosted functions need beyond the database. What is not needed is not read, so a request function starts without the
/// broker's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// `KEYS_ENCRYPTION`: whoever runs commands, jobs that act for tenants included.
    pub keys: bool,
    /// `OPERATOR_KEY`, if it is set: HTTP functions.
    pub operator: bool,
    /// `REDIS_URL`: HTTP functions. Whoever runs commands reads it too if it is set.
    pub redis: bool,
    /// `AMQP_URL`: publishing jobs, and consumers whose queue nobody else reads.
    pub amqp: bool,
    /// `CONSUME`: a consumer in a process of its own; it says whether that one needs `AMQP_URL`.
    pub consume: bool,
    /// `PAYMENT_SERVICE_…`: the sender of payment operations, and jobs that ask about them.
    pub payment_service: bool,
    /// `PAYMENT_WEBHOOK_SECRETS`: who takes the payment service's webhooks.
    pub payment_webhook: bool,
}

/// The whole environment of a process. An optional part is there if and only if [`Needs`] asked for it; of `operator_key` and
/// `redis` it may also be there otherwise.
///
/// Beside the variables of its parts: `LOG_LEVEL`, in the syntax of `tracing`'s `EnvFilter`, default `info`.
#[derive(Debug)]
pub struct Config {
    /// How strict to be.
    pub environment: Environment,
    /// How to log.
    pub log: LogConfig,
    /// What to listen on.
    pub server: ServerConfig,
    /// PostgreSQL.
    pub database: DatabaseConfig,
    /// Keys that seal secrets at rest.
    pub keyring: Option<Arc<Keyring>>,
    /// The secret of the operator's own key.
    pub operator_key: Option<SecretString>,
    /// Redis.
    pub redis: Option<RedisConfig>,
    /// How a consumer gets its messages.
    pub consume: Option<Consume>,
    /// RabbitMQ.
    pub amqp: Option<AmqpConfig>,
    /// The payment partner.
    pub payment_service: Option<PaymentServiceConfig>,
    /// What the payment partner may sign its webhooks with; empty unless asked for.
    pub webhook_secrets: Vec<WebhookSecret>,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem there is.
    pub fn from_env(needs: Needs) -> Result<Self, ConfigError> {
        // A variable that is not Unicode reads as not set: no value we understand is.
        Self::read(needs, &|variable| std::env::var(variable).ok())
    }

    /// Reads by `lookup`: what [`from_env`](Self::from_env) does, over a map.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem there is.
    pub fn read(needs: Needs, lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let reader = &mut Reader::new(lookup);
        let environment = Environment::read(reader);
        let consume = needs.consume.then(|| Consume::read(reader));
        let amqp = needs.amqp || consume == Some(Consume::Amqp);
        let config = Self {
            environment,
            log: read_log(reader),
            server: ServerConfig::read(reader),
            database: DatabaseConfig::read(reader, environment),
            keyring: if needs.keys { keys::read(reader, environment) } else { None },
            operator_key: if needs.operator { operator::read(reader) } else { None },
            redis: if needs.redis || needs.keys { RedisConfig::read(reader, environment, needs.redis) } else { None },
            consume,
            amqp: amqp.then(|| AmqpConfig::read(reader, environment)),
            payment_service: if needs.payment_service { PaymentServiceConfig::read(reader, environment) } else { None },
            webhook_secrets: if needs.payment_webhook { payment_webhook::read(reader) } else { Vec::new() },
        };
        reader.finish().map(|()| config)
    }
}

fn read_log(reader: &mut Reader<'_>) -> LogConfig {
    let filter = reader.parsed("LOG_LEVEL", DEFAULT_LOG_LEVEL.to_owned(), "a level or tracing directives: info,shared=debug", |text| {
        telemetry::is_filter(text).then(|| text.to_owned())
    });
    LogConfig { filter, service_name: SERVICE_NAME, service_version: env!("CARGO_PKG_VERSION") }
}
