//! Ports for servers that a test starts itself.

use std::{net::TcpListener, ops::Range};

/// Below the range from which systems take the ports of outgoing connections (Linux: 32768), even with [`BUS`] added: nobody's connection
/// sits on a port by the time its server listens.
const PORTS: Range<u16> = 12_000..22_000;
/// The nodes of a Redis Cluster talk to each other this far above the port that clients use.
const BUS: u16 = 10_000;
/// Ports tried before giving up.
const ATTEMPTS: usize = 100;

/// A port that nobody listens on just now, whose bus port is free as well.
///
/// # Panics
/// When none of [`ATTEMPTS`] is.
pub(crate) fn free() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut tried = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(ATTEMPTS);
    tried.find(|port| is_free(*port) && is_free(port + BUS)).unwrap_or_else(|| panic!("no port of {PORTS:?} is free on 127.0.0.1"))
}
