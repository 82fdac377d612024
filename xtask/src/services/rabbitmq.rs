//! A private RabbitMQ with its management API: own node name, ports, data, cookie and port mapper, so that it and a
//! broker of the machine never hear of each other.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::home::Home;
use super::programs::Program;
use super::{Data, free_port, http_get};
use crate::failure::Result;
use crate::process::Process;

/// A cold start takes 10–25 s on two free cores, more while they compile.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// The epmd of our own is up in milliseconds.
const PORT_MAPPER_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts the broker on `port` and its API on `api_port`; returns what runs, the port mapper first.
pub fn start(home: &Home, port: u16, api_port: u16, data: Data) -> Result<Vec<Process>> {
    let port_mapper_port = free_port()?;
    let port_mapper = start_port_mapper(home, port_mapper_port)?;
    let directory = home.data("rabbitmq")?;
    let config = directory.join("rabbitmq.conf");
    home.write(
        &config,
        &format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\n\
             management.tcp.ip = 127.0.0.1\n\
             management.tcp.port = {api_port}\n\
             log.console = true\n\
             log.file = false\n"
        ),
    )?;
    let plugins = directory.join("enabled_plugins");
    home.write(&plugins, "[rabbitmq_management].\n")?;
    let nothing = directory.join("nothing.conf");
    home.write(&nothing, "")?;

    let mut command = home.command(&Program::RabbitMq.require()?, &directory);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RABBITMQ_")) {
        command.env_remove(name);
    }
    let paths: [(&str, PathBuf); 8] = [
        ("HOME", directory.clone()),
        ("RABBITMQ_MNESIA_BASE", directory.join("mnesia")),
        ("RABBITMQ_LOG_BASE", directory.join("log")),
        ("RABBITMQ_CONFIG_FILE", config),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", directory.join("advanced.config")),
        ("RABBITMQ_CONF_ENV_FILE", nothing),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", plugins),
        ("RABBITMQ_PID_FILE", directory.join("broker.pid")),
    ];
    command.envs(paths);
    command
        .env("RABBITMQ_NODENAME", "orders@localhost")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", free_port()?.to_string())
        .env("ERL_EPMD_PORT", port_mapper_port.to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
    let mut broker = Process::start("RabbitMQ", command, home.log("rabbitmq"), home.pid_file("rabbitmq"))?;
    if data == Data::Discarded {
        // An orderly end takes 5 s, and nothing is there to be kept.
        broker = broker.stopped_by(Signal::SIGKILL);
    }
    broker.wait_until(START_TIMEOUT, || answers_as_ours(api_port))?;
    Ok(vec![port_mapper, broker])
}

/// In the foreground, so that it is a child that can be stopped; left to itself Erlang starts one that outlives us.
fn start_port_mapper(home: &Home, port: u16) -> Result<Process> {
    let directory = home.data("rabbitmq")?;
    let mut command = home.command(&Program::Epmd.require()?, &directory);
    command.args(["-address", "127.0.0.1", "-port", &port.to_string()]);
    let mut process = Process::start("epmd", command, home.log("epmd"), home.pid_file("epmd"))?;
    process.wait_until(PORT_MAPPER_TIMEOUT, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    Ok(process)
}

/// Whether the node answers on its API under our name and listens for AMQP: health checks need the right node and
/// every listener.
fn answers_as_ours(api_port: u16) -> bool {
    let api = format!("http://guest:guest@127.0.0.1:{api_port}/api");
    http_get(&format!("{api}/overview")).is_ok_and(|text| text.contains("\"node\":\"orders@localhost\""))
        && http_get(&format!("{api}/health/checks/protocol-listener/amqp")).is_ok()
}
