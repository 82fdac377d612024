//! What the process listens on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Reader;

const DEFAULT_PORT: u16 = 8080;
/// Not 9090 or 9091: Knative's sidecar has those.
const DEFAULT_METRICS_PORT: u16 = 9464;
const EXPECTED_PORT: &str = "a number from 0 to 65535, 0 for any free port";

/// | variable | meaning |
/// |---|---|
/// | `BIND_ADDRESS` | IP address of both listeners; default 0.0.0.0 |
/// | `PORT` | requests and health; default 8080, 0 takes a free one |
/// | `METRICS_PORT` | `/metrics`; default 9464, 0 takes a free one |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerConfig {
    /// Requests and health.
    pub address: SocketAddr,
    /// Metrics.
    pub metrics_address: SocketAddr,
}

impl ServerConfig {
    /// Reads the variables above.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let ip = reader.parsed("BIND_ADDRESS", IpAddr::V4(Ipv4Addr::UNSPECIFIED), "an IP address", |text| text.parse().ok());
        let port = reader.parsed("PORT", DEFAULT_PORT, EXPECTED_PORT, |text| text.parse().ok());
        let metrics_port = reader.parsed("METRICS_PORT", DEFAULT_METRICS_PORT, EXPECTED_PORT, |text| text.parse().ok());
        Self { address: SocketAddr::new(ip, port), metrics_address: SocketAddr::new(ip, metrics_port) }
    }
}
