//! RabbitMQ: what is declared there, how our messages get out, and how others' messages come in.
//!
//! Read in this order: `topology` (exchanges and queues as data), `connection` (one link to the broker and how it is made anew),
//! `relay` with `publisher` (outbox → broker), `settler` (a message, whoever carried it) with `incoming` (what a message must be),
//! `batch` (many at once), `outcome` (what a refusal asks for) and `filing` (the rows that keep what was refused), and `retrier` (what was deferred, tried again). Three carriers bring messages to the
//! settler: `consumer` (the queue itself), and in `runtime` CloudEvents over HTTP and Amazon MQ batches, which `amazon_mq` unpacks.
//! `asyncapi` describes all of it to partners.
//! `handing_over` is for what comes by none of them: a webhook, which a request function has verified. `killed` is for what came too often:
//! messages that the broker gave up on, because they killed their consumer.
//!
//! **Architecture invariant:** only the relay and consumers open AMQP; a request function never does. A message is acknowledged
//! after its effect, its deferral or its dead letter has been committed, and marked as published after the broker confirmed it.

pub(crate) mod amazon_mq;
pub mod asyncapi;
mod batch;
mod connection;
pub(crate) mod consumer;
mod filing;
mod handing_over;
mod incoming;
mod killed;
mod outcome;
mod preview;
mod publisher;
pub(crate) mod relay;
mod retrier;
mod settler;
pub mod topology;

pub use futures_util::future::BoxFuture;

pub use crate::domain::dead_letter::DeadClass;

pub use self::{
    handing_over::{HandedOver, Pushed, hand_over},
    incoming::Incoming,
    outcome::Rejection,
    settler::ConsumerFunction,
};
pub(crate) use self::{
    retrier::Retrier,
    settler::{Settlement, Settler},
};
