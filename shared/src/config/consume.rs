//! How a consumer in a process of its own gets its messages.

use super::Reader;

/// | variable | meaning |
/// |---|---|
/// | `CONSUME` | `http` (default): CloudEvents are POSTed to `PORT`, as Knative does; `amqp`: the process takes them from its queue |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consume {
    /// Somebody else reads the queue: no `AMQP_URL` is needed.
    Http,
    /// From the queue.
    Amqp,
}

impl Consume {
    /// Reads the variable above.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        reader.parsed("CONSUME", Self::Http, "http or amqp", |text| match text {
            "http" => Some(Self::Http),
            "amqp" => Some(Self::Amqp),
            _ => None,
        })
    }
}
