//! The harness of the black-box tests: the real binaries with servers of their own, and the actors that speak to them.
//!
//! In reading order: [`Stack`] is one running service with a database and, if asked, a vhost and partners that no other test
//! sees; [`Caller`] is a tenant that signs requests, [`Webhook`] the payment service pushing, [`Wire`] a connection without manners; [`Partner`] sits on the broker's other
//! side; [`Emulator`] and [`RuntimeApi`] are AWS Lambda; [`Sql`] looks at what was written; [`contract`] holds each answer that a
//! [`Caller`] gets against the published document, `messages` each message that was written against its schema; [`Events`] is a stream that is being read;
//! [`Proxy`] takes a server away from one service, [`Broker`], [`Redis`] and [`RedisCluster`] are servers that may be killed; [`until()`] waits for what must
//! come. No expectation about the service lives here: those are the tests'.
//!
//! **Architecture invariant:** the harness starts processes and never links a function; what a test sees, a user could see.

mod books;
mod broker;
mod caller;
pub mod contract;
mod database;
mod emulator;
mod events;
mod logs;
mod masked;
mod messages;
mod partner;
mod port;
mod process;
mod proxy;
mod redis;
mod redis_cluster;
mod runtime_api;
pub mod sample;
mod servers;
mod sql;
mod stack;
mod until;
mod vhost;
mod webhook;
mod wire;

pub use self::{
    broker::Broker,
    caller::{Answer, Caller, Key, Request},
    database::{Database, run_migrate},
    emulator::Emulator,
    events::{Events, Frame},
    logs::Logs,
    masked::{masked, masked_text},
    messages::{check as check_message, schema as message_schema},
    partner::{Listener, Partner},
    process::{Process, Program},
    proxy::Proxy,
    redis::Redis,
    redis_cluster::RedisCluster,
    runtime_api::RuntimeApi,
    servers::Servers,
    sql::{Sql, raw_id},
    stack::{Options, Stack},
    until::{PATIENCE, until, within},
    webhook::{WEBHOOK_PATH, WEBHOOK_SECRET, Webhook},
    wire::Wire,
};
