//! Child processes that never outlive us: started in a group of their own, written down in a pid file, stopped when
//! dropped (so also on a panic or Ctrl-C), and ended by the next run when a kill -9 left them behind.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::failure::{Context, Failure, Result};
use crate::interrupt;

/// How often a condition is looked at while waiting for it.
pub const POLL: Duration = Duration::from_millis(50);

/// A child asked to stop gets this long (RabbitMQ closing its queues needs the most); then it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// What is shown of the log of a child that failed.
const LOG_TAIL_LINES: usize = 15;

/// A running child with its log and pid file.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    pid_file: PathBuf,
    stop_signal: Signal,
}

impl Process {
    /// Starts `command`. Its output goes to `log`, begun anew; its pid to `pid_file`, for `end_leftover`.
    pub fn start(name: &str, mut command: Command, log: PathBuf, pid_file: PathBuf) -> Result<Self> {
        let output = File::create(&log).context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let child = command.spawn().context(|| format!("cannot start {name} ({})", command.get_program().to_string_lossy()))?;
        let process = Self { name: name.to_owned(), child, log, pid_file, stop_signal: Signal::SIGTERM };
        let pid = process.pid();
        std::fs::write(&process.pid_file, format!("{pid} {}", identity(pid).unwrap_or_default()))
            .context(|| format!("cannot write {}", process.pid_file.display()))?;
        Ok(process)
    }

    /// Stops it by another signal than SIGTERM.
    pub fn stopped_by(mut self, signal: Signal) -> Self {
        self.stop_signal = signal;
        self
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// A sentence with the tail of its log if it is no longer running.
    pub fn failure(&mut self) -> Option<Failure> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(Failure::new(format!("{} ended by itself ({status}); {}", self.name, self.log_tail())))
    }

    /// Waits until `ready` holds; fails when the child ends, `limit` has passed or somebody asks us to stop.
    pub fn wait_until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            interrupt::check()?;
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
            if ready() {
                return Ok(());
            }
            if Instant::now() > deadline {
                let seconds = limit.as_secs();
                return Err(Failure::new(format!("{} did not come up within {seconds} s; {}", self.name, self.log_tail())));
            }
            std::thread::sleep(POLL);
        }
    }

    /// The last lines of its log, introduced for use at the end of a sentence.
    fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(LOG_TAIL_LINES)..).unwrap_or_default();
        if tail.is_empty() {
            return format!("its log {} is empty", self.log.display());
        }
        format!("the end of {} says:\n  {}", self.log.display(), tail.join("\n  "))
    }

    fn stop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            let pid = raw(self.pid());
            let _ = match self.stop_signal {
                // The leader could not pass this one on to the rest of its group.
                Signal::SIGKILL => killpg(pid, Signal::SIGKILL),
                signal => kill(pid, signal),
            };
            if wait(&mut self.child, STOP_TIMEOUT).is_none() {
                eprintln!("  {} does not stop, so it is killed", self.name);
                let _ = killpg(pid, Signal::SIGKILL);
                let _ = self.child.wait();
            }
        }
        let _ = std::fs::remove_file(&self.pid_file);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs `command` to its end with our own output streams; ends its whole group when somebody asks us to stop.
pub fn run(mut command: Command) -> Result<ExitStatus> {
    command.stdin(Stdio::null()).process_group(0);
    let child = command.spawn().context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    finish(child)
}

/// Runs `command` to its end and shows each line of its stdout to `look`; its stderr is ours.
pub fn run_reading(mut command: Command, mut look: impl FnMut(&str) + Send) -> Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    let output = child.stdout.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for line in output.into_iter().flat_map(|output| BufReader::new(output).split(b'\n')).map_while(std::result::Result::ok) {
                look(&String::from_utf8_lossy(&line));
            }
        });
        finish(child)
    })
}

/// Waits for a child that leads its own group; ends the group when somebody asks us to stop.
fn finish(mut child: Child) -> Result<ExitStatus> {
    loop {
        if let Some(status) = wait(&mut child, POLL) {
            return Ok(status);
        }
        if interrupt::requested() {
            let group = raw(child.id());
            let _ = killpg(group, Signal::SIGTERM);
            if wait(&mut child, STOP_TIMEOUT).is_none() {
                let _ = killpg(group, Signal::SIGKILL);
                let _ = child.wait();
            }
            return Err(Failure::interrupted());
        }
    }
}

/// The child's status once it ends, or nothing after `limit`.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL / 5),
            Ok(None) | Err(_) => return None,
        }
    }
}

fn raw(pid: u32) -> Pid {
    Pid::from_raw(pid.cast_signed())
}

/// Ends the process group a former run wrote down, if that very process still runs: a pid alone may since have been
/// given to somebody else, so its start time must agree too.
pub fn end_leftover(pid_file: &Path) {
    let Ok(text) = std::fs::read_to_string(pid_file) else {
        return;
    };
    let Some((pid, started)) = text.split_once(' ') else {
        return;
    };
    let Ok(pid) = pid.parse::<u32>() else { return };
    let is_ours = || !started.is_empty() && identity(pid).as_deref() == Some(started);
    if !is_ours() {
        return;
    }
    eprintln!("  ending process {pid}, which an earlier run left behind");
    for (signal, limit) in [(Signal::SIGTERM, STOP_TIMEOUT), (Signal::SIGKILL, STOP_TIMEOUT)] {
        let _ = killpg(raw(pid), signal);
        let deadline = Instant::now() + limit;
        while is_ours() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        if !is_ours() {
            return;
        }
    }
}

/// When the process started, in the words of the operating system; nothing when it does not run (a zombie does not).
fn identity(pid: u32) -> Option<String> {
    if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The second field is the program's name in parentheses and may hold spaces: count from its end. State is the
        // first field after it, the start time in clock ticks since boot the twentieth.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        return (*fields.first()? != "Z").then(|| fields.get(19).copied().unwrap_or_default().to_owned());
    }
    let output = Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let started = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!started.is_empty()).then_some(started)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use super::{Process, end_leftover, identity};

    fn directory(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("xtask-process-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn start(command: Command, place: &Path) -> Process {
        Process::start("child", command, place.join("log"), place.join("pid")).unwrap()
    }

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    }

    #[test]
    fn a_dropped_process_is_gone_with_its_pid_file() {
        let place = directory("dropped");
        let process = start(sleeper(), &place);
        let pid = process.pid();
        assert!(identity(pid).is_some());
        drop(process);
        assert!(identity(pid).is_none());
        assert!(!place.join("pid").exists());
    }

    #[test]
    fn what_a_killed_run_left_behind_is_ended() {
        let place = directory("leftover");
        let mut process = start(sleeper(), &place);
        // A reaper stands in for init, which would adopt the child of a killed run.
        std::thread::scope(|scope| {
            scope.spawn(|| process.child.wait());
            end_leftover(&place.join("pid"));
        });
        assert!(process.failure().is_some());
    }

    #[test]
    fn a_pid_that_was_given_to_somebody_else_is_left_alone() {
        let place = directory("reused");
        let mut process = start(sleeper(), &place);
        std::fs::write(place.join("pid"), format!("{} 1", process.pid())).unwrap();
        end_leftover(&place.join("pid"));
        assert!(process.failure().is_none());
    }

    #[test]
    fn a_child_that_dies_is_reported_with_its_log() {
        let place = directory("dies");
        let mut command = Command::new("sh");
        command.args(["-c", "echo no luck today >&2; exit 3"]);
        let mut process = start(command, &place);
        let failure = process.wait_until(Duration::from_secs(10), || false).unwrap_err().to_string();
        assert!(failure.contains("no luck today") && failure.contains("exit status: 3"), "{failure}");
    }
}
