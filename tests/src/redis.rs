//! A Redis of one test's own, which may be killed or stand still: every other test shares the runner's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult};

use super::{Process, port, within};

/// A start takes 50 ms on two free cores, more while others compute.
const START_LIMIT: Duration = Duration::from_secs(20);
/// To connect, and to answer one command: a process that stands still takes connections and never answers.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// A server with one process that keeps nothing on disk: killed and started again, it comes back empty. Dropping the value kills it.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    arguments: Vec<String>,
    folder: PathBuf,
    port: u16,
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// When its program is missing or it does not come up.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more arguments.
    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("order-service-redis-{}", uuid::Uuid::now_v7().simple()));
        fs::create_dir_all(&folder).unwrap();
        let port = port::free();
        let own = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()];
        let arguments: Vec<_> = own.iter().chain(arguments).map(ToString::to_string).collect();
        let process = spawn(&arguments, &folder);
        let redis = Self { process, arguments, folder, port };
        redis.answers().await;
        redis
    }

    /// Where it is: `redis://127.0.0.1:port/0`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// The port of [`url`](Self::url).
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it anew on the same port, empty, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&mut self) {
        self.process = spawn(&self.arguments, &self.folder);
        self.answers().await;
    }

    /// Lets it stand still: it is there, its port takes connections, and it answers nobody.
    pub fn pause(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// Lets it go on where it stood.
    pub fn resume(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// Its answer to one command, on a connection of its own.
    ///
    /// # Errors
    /// When it is dead, stands still or refuses.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let limits = AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER_LIMIT)).set_response_timeout(Some(ANSWER_LIMIT));
        let mut connection = Client::open(self.url())?.get_multiplexed_async_connection_with_config(&limits).await?;
        command.query_async(&mut connection).await
    }

    /// Whether the process on this port is ours: it says its own id.
    async fn answers(&self) {
        let ours = format!("process_id:{}", self.process.pid());
        let answer = async || self.ask::<String>(redis::cmd("INFO").arg("server")).await.ok()?.contains(&ours).then_some(());
        let answered = within(START_LIMIT, answer).await;
        answered.unwrap_or_else(|| panic!("Redis does not come up in {START_LIMIT:?}:\n{}", self.process.logs().text()));
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // One that stands still would not hear that it should end.
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn spawn(arguments: &[String], folder: &Path) -> Process {
    let mut command = Command::new(program("TEST_REDIS_SERVER"));
    command.args(arguments).arg("--dir").arg(folder).env_clear().stdin(Stdio::null());
    Process::of("Redis", command)
}

/// A program that the runner has found.
pub(crate) fn program(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    path.map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set: this test starts a Redis of its own, run it with `cargo xtask test`"))
}
