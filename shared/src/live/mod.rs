//! Live views: a tenant's events as they happen, told to everyone who follows them.
//!
//! In reading order: `event` is one event, ready to be sent; `hub` holds one `feed` for each tenant that somebody follows, whose one
//! reader reads each event once for all of them; `follower` goes from any position to the newest event without a gap, `watch` only waits
//! for news of one order; `stream` sends what a follower hears as `text/event-stream`, in `frames`, within limits.
//!
//! **Architecture invariant:** PostgreSQL alone says what is told, and in which order. Redis rings a bell so that it is read sooner;
//! without a bell it is read every second ([ADR 0013](../../../docs/adr/0013-redis-rings-and-postgresql-tells.md)). Nothing waits for a
//! reader that is slow: what it has missed it reads from PostgreSQL, and one that takes nothing is let go.

mod event;
mod feed;
mod follower;
mod frames;
mod hub;
mod open;
mod stream;
#[cfg(test)]
mod tests;
mod watch;

pub use self::{
    follower::{After, Filter, Follower},
    hub::{Hub, NotFollowed},
    stream::{Ends, MEDIA_TYPE},
    watch::OrderWatch,
};
