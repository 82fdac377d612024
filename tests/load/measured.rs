//! What is read off the machine during a measurement.

use std::{collections::HashMap, fs, time::Duration};

use tests::Stack;

use crate::client::Load;

/// Clock ticks a second of /proc/PID/stat: fixed on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// One measurement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Row {
    /// Orders a second.
    pub per_second: f64,
    /// Median latency.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The service's CPU time for one order.
    pub own_cpu_us: f64,
    /// CPU time of all PostgreSQL processes for one order.
    pub postgres_cpu_us: f64,
}

/// The middle of the values.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Loads the service and reads what it cost.
pub async fn service(stack: &Stack, load: &Load) -> Row {
    let (own, before) = (cpu_seconds(stack.service.pid()), postgres_cpu_seconds());
    let mut latencies = load.run(load.length).await;
    let orders = latencies.len() as f64;
    let own = cpu_seconds(stack.service.pid()) - own;
    // By process: a backend that ended meanwhile must not take its earlier time with it.
    let postgres: f64 = postgres_cpu_seconds().iter().map(|(pid, seconds)| seconds - before.get(pid).unwrap_or(&0.0)).sum();
    latencies.sort_unstable();
    let percentile = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    let milliseconds = |latency: Duration| latency.as_secs_f64() * 1e3;
    Row {
        per_second: orders / load.length.as_secs_f64(),
        p50_ms: milliseconds(percentile(0.5)),
        p99_ms: milliseconds(percentile(0.99)),
        own_cpu_us: own / orders * 1e6,
        postgres_cpu_us: postgres / orders * 1e6,
    }
}

/// User and system time of a process so far.
fn cpu_seconds(pid: u32) -> f64 {
    stat(pid).map_or(0.0, |(_, ticks)| ticks / TICKS_PER_SECOND)
}

/// The same of every PostgreSQL process of this machine, by its id; those of other servers are idle.
fn postgres_cpu_seconds() -> HashMap<u32, f64> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?)))
        .filter(|(_, (name, _))| name == "postgres")
        .map(|(pid, (_, ticks))| (pid, ticks / TICKS_PER_SECOND))
        .collect()
}

/// Name and CPU ticks of a process (proc(5): fields 2, 14 and 15).
fn stat(pid: u32) -> Option<(String, f64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, rest) = text.split_once('(')?.1.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some((name.to_owned(), fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?))
}

/// Resident memory of a process, in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
