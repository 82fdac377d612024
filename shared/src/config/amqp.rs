//! RabbitMQ.

use secrecy::SecretString;

use super::{Environment, Reader, urls};

const EXPECTED: &str = "amqp://user:password@host:port/vhost or amqps://…";

/// | variable | meaning |
/// |---|---|
/// | `AMQP_URL` | required by consumers and publishing jobs; in production `amqps://` |
#[derive(Debug, Clone)]
pub struct AmqpConfig {
    /// Credentials included.
    pub url: SecretString,
}

impl AmqpConfig {
    /// Reads the variable above.
    pub fn read(reader: &mut Reader<'_>, environment: Environment) -> Self {
        let text = reader.required("AMQP_URL", EXPECTED);
        if let Some(url) = urls::check(reader, "AMQP_URL", &text, &["amqp", "amqps"], EXPECTED) {
            environment.demand(reader, "AMQP_URL", url.scheme() == "amqps", "is plaintext; in production expected amqps://");
        }
        Self { url: text.into() }
    }
}
