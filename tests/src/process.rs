//! A binary of the service as a child process: started, waited for until it is ready, stopped.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{Logs, PATIENCE};

/// How long a process that is no longer needed may take to end by itself; then it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// The binaries that tests start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Every function in one process.
    Standalone,
    /// The same with crash points and planted bugs: `TEST_CHAOS_STANDALONE`.
    StandaloneChaos,
    /// The partners.
    Simulators,
    /// Applies the migrations.
    Migrate,
    /// One function in a process of its own.
    Function(&'static str),
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::StandaloneChaos => "standalone-chaos",
            Self::Simulators => "simulators",
            Self::Migrate => "migrate",
            Self::Function(name) => name,
        }
    }

    /// Where it lies: beside the running program, or above the `deps` that a test runs in; the chaos build where the environment says, so
    /// that one that was made long ago is never taken for this one.
    ///
    /// # Panics
    /// When it is not built.
    #[must_use]
    pub fn path(self) -> PathBuf {
        if self == Self::StandaloneChaos {
            let path = std::env::var_os("TEST_CHAOS_STANDALONE").map(PathBuf::from).filter(|path| path.is_file());
            return path.expect("TEST_CHAOS_STANDALONE names no chaos build: run `cargo xtask chaos crashpoints`, or `cargo xtask test`");
        }
        let test = std::env::current_exe().unwrap();
        let path = test.ancestors().skip(1).take(2).map(|folder| folder.join(self.name())).find(|path| path.is_file());
        let path = path.unwrap_or_else(|| test.with_file_name(self.name()));
        assert!(path.is_file(), "{} is not built: run `cargo build --workspace --bins`, or `cargo xtask test`", path.display());
        path
    }

    /// A command with exactly these variables; nothing of the developer's own environment reaches the process.
    #[must_use]
    pub fn command(self, arguments: &[&str], environment: &[(&str, String)]) -> Command {
        let mut command = Command::new(self.path());
        command.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn run(self, arguments: &[&str], environment: &[(&str, String)]) -> Output {
        tokio::process::Command::from(self.command(arguments, environment)).kill_on_drop(true).output().await.unwrap()
    }
}

/// A running process. Dropping it stops it.
pub struct Process {
    name: &'static str,
    child: Child,
    logs: Logs,
    stderr: Arc<Mutex<String>>,
    /// Its two readers end when it does.
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it and returns at once.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(program: Program, arguments: &[&str], environment: &[(&str, String)]) -> Self {
        Self::of(program.name(), program.command(arguments, environment))
    }

    /// Starts any command and returns at once.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub(crate) fn of(name: &'static str, mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, logs) = Logs::new();
        let (stdout, mut complaints) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read_logs = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                sender.send_modify(|lines| lines.push(line));
            }
        });
        let stderr = Arc::new(Mutex::new(String::new()));
        let heard = stderr.clone();
        let read_stderr = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = complaints.read(&mut piece) {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });
        Self { name, child, logs, stderr, readers: vec![read_logs, read_stderr] }
    }

    /// Starts it and waits until it serves.
    ///
    /// # Panics
    /// When it ends instead, with what it said.
    pub async fn start(program: Program, arguments: &[&str], environment: &[(&str, String)]) -> Self {
        let process = Self::spawn(program, arguments, environment);
        process.ready().await;
        process
    }

    /// Its `ready` line, as soon as there is one.
    ///
    /// # Panics
    /// When the process ends instead, with what it said.
    pub async fn ready(&self) -> Value {
        let ready = self.logs.find(|line| line["message"] == "ready").await;
        ready.unwrap_or_else(|| panic!("{} ended before it was ready:\n{}{}", self.name, self.logs.text(), self.stderr()))
    }

    /// The port of a `ready` line: `server.port` or `metrics.port`.
    ///
    /// # Panics
    /// When the process did not say it.
    #[must_use]
    pub fn port(&self, name: &str) -> u16 {
        let lines = self.logs.with_message("ready");
        let port = lines.first().and_then(|line| line[name].as_u64()).unwrap_or_else(|| panic!("no {name} in {lines:?}"));
        port.try_into().unwrap()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// What it said on stderr.
    ///
    /// # Panics
    /// When the reader of stderr panicked.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // It may be gone already, and that is what most signals are for.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
    }

    /// Kills it as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Asks it to stop and waits for its end.
    ///
    /// # Panics
    /// When it does not end in [`PATIENCE`].
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended().await
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in [`PATIENCE`].
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = self.readers_done();
        tokio::time::timeout(PATIENCE, ended).await.unwrap_or_else(|_| panic!("{} does not end", self.name));
        self.child.wait().unwrap()
    }

    /// The readers are done when both pipes are closed, which is when the process ends.
    fn readers_done(&mut self) -> impl Future<Output = ()> + use<> {
        let readers = std::mem::take(&mut self.readers);
        let (done, ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            for reader in readers {
                let _ = reader.join();
            }
            let _ = done.send(());
        });
        async {
            let _ = ended.await;
        }
    }

    fn stop_or_kill(&mut self) {
        let readers = std::mem::take(&mut self.readers);
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for reader in readers {
                let _ = reader.join();
            }
            let _ = done.send(());
        });
        if ended.recv_timeout(STOP_LIMIT).is_err() {
            self.signal(Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("── {} said:\n{}{}", self.name, self.logs.text(), self.stderr());
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::SIGTERM);
            self.stop_or_kill();
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("name", &self.name).field("pid", &self.child.id()).finish_non_exhaustive()
    }
}
