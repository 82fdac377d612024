//! A RabbitMQ of one test's own, which may be killed: every other test shares the runner's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use lapin::{Connection, ConnectionProperties};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::time::timeout;

use super::{Process, port, until, within};

/// A cold start takes 10 to 25 s on two free cores, more while others compute.
const START_LIMIT: Duration = Duration::from_secs(120);
/// One attempt to connect.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Its own name, so that it never meets another.
const NODE: &str = "tests@localhost";

/// A broker with one node. Dropping the value kills it and deletes what it stored.
#[derive(Debug)]
pub struct Broker {
    node: Process,
    /// Erlang's directory of nodes; left to itself the node would start one that outlives it.
    _port_mapper: Process,
    server: PathBuf,
    folder: PathBuf,
    port: u16,
    environment: Vec<(&'static str, String)>,
}

impl Broker {
    /// Starts one and waits until it takes connections.
    ///
    /// # Panics
    /// When its programs are missing or it does not come up.
    pub async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("order-service-broker-{}", uuid::Uuid::now_v7().simple()));
        fs::create_dir_all(&folder).unwrap();
        for file in ["rabbitmq.conf", "env.conf"] {
            fs::write(folder.join(file), "").unwrap();
        }
        fs::write(folder.join("enabled_plugins"), "[].\n").unwrap();
        let (port, mapper_port) = (port::free(), port::free());
        let mut port_mapper = Command::new(program("TEST_EPMD"));
        port_mapper.args(["-address", "127.0.0.1", "-port", &mapper_port.to_string()]).env_clear();
        let port_mapper = Process::of("epmd", port_mapper);
        let environment = environment(&folder, port, mapper_port);
        let server = program("TEST_RABBITMQ_SERVER");
        let node = spawn(&server, &environment);
        let broker = Self { node, _port_mapper: port_mapper, server, folder, port, environment };
        broker.answers().await;
        broker
    }

    /// Where it is, with user and password.
    #[must_use]
    pub fn amqp_url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// Kills it as `kill -9` does, and waits until it is gone. These queues come back with it.
    ///
    /// # Panics
    /// When one of them is not declared.
    pub async fn kill(&mut self, queues: &[&str]) {
        until("the broker has its queues on disk", || async { self.has_on_disk(queues).then_some(()) }).await;
        self.end();
    }

    /// RabbitMQ confirms a declaration seconds before it writes down where the new quorum queue keeps its log. Killed in between, it brings
    /// the queue back without that log and waits for a leader for ever (seen with 3.10.8); no message is lost that was ever confirmed.
    fn has_on_disk(&self, queues: &[&str]) -> bool {
        let registry = self.folder.join("mnesia").join(NODE).join("quorum").join(NODE).join("names.dets");
        let registry = fs::read(registry).unwrap_or_default();
        queues.iter().all(|queue| registry.windows(queue.len()).any(|bytes| bytes == queue.as_bytes()))
    }

    /// Both the script and the node that it started.
    fn end(&mut self) {
        let _ = killpg(Pid::from_raw(self.node.pid().cast_signed()), Signal::SIGKILL);
        self.node.kill();
    }

    /// Starts it anew on what it had stored, and waits until it takes connections.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&mut self) {
        self.node = spawn(&self.server, &self.environment);
        self.answers().await;
    }

    /// Raises or ends its memory alarm: as long as there is one, it reads nothing from whoever publishes.
    ///
    /// # Panics
    /// When its own program refuses.
    pub async fn block_publishers(&self, is_blocking: bool) {
        let watermark = if is_blocking { "0.00001" } else { "0.4" };
        let mut command = tokio::process::Command::new(self.server.with_file_name("rabbitmqctl"));
        command.args(["-n", NODE, "set_vm_memory_high_watermark", watermark]);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "rabbitmqctl: {}", String::from_utf8_lossy(&output.stderr));
    }

    async fn answers(&self) {
        // A connection that the node takes while it boots may never be spoken to.
        let connect =
            async || timeout(CONNECT_LIMIT, Connection::connect(&self.amqp_url(), ConnectionProperties::default())).await.ok()?.ok();
        let connected = within(START_LIMIT, connect).await;
        let connection = connected.unwrap_or_else(|| panic!("RabbitMQ does not come up in {START_LIMIT:?}:\n{}", self.node.logs().text()));
        connection.close(200, "it answers".into()).await.unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// In a process group of its own: the script waits for the node, and both must go.
fn spawn(server: &Path, environment: &[(&'static str, String)]) -> Process {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(server);
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null()).process_group(0);
    Process::of("RabbitMQ", command)
}

fn environment(folder: &Path, port: u16, mapper_port: u16) -> Vec<(&'static str, String)> {
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    vec![
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("HOME", place("")),
        ("RABBITMQ_MNESIA_BASE", place("mnesia")),
        ("RABBITMQ_LOG_BASE", place("log")),
        ("RABBITMQ_LOGS", "-".to_owned()),
        ("RABBITMQ_CONFIG_FILE", place("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", place("advanced.config")),
        ("RABBITMQ_CONF_ENV_FILE", place("env.conf")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", place("enabled_plugins")),
        ("RABBITMQ_PID_FILE", place("broker.pid")),
        ("RABBITMQ_NODENAME", NODE.to_owned()),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", port::free().to_string()),
        ("ERL_EPMD_PORT", mapper_port.to_string()),
        // Schedulers that wait busily would take the cores of everybody else.
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none".to_owned(),
        ),
    ]
}

/// A program that the runner has found.
fn program(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    path.map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set: this test starts a broker of its own, run it with `cargo xtask test`"))
}
