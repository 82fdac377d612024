//! What is read off the machine during a measurement.

use std::{collections::HashMap, fs, time::Duration};

use crate::client::Load;

/// Clock ticks a second of /proc/PID/stat: fixed on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// One measurement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Row {
    /// Requests a second.
    pub per_second: f64,
    /// Median latency.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// CPU time of what answers, for one request.
    pub own_cpu_us: f64,
    /// CPU time of all PostgreSQL processes for one request.
    pub postgres_cpu_us: f64,
}

/// The middle of the values.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What this share of the sorted times does not exceed, in milliseconds.
pub fn percentile_ms(sorted: &[Duration], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
}

/// Loads what processes of this name answer, and reads what it cost. Other processes of the name must be idle.
pub async fn load(server: &str, load: &Load) -> Row {
    let (own, postgres) = (CpuSeconds::read(server), CpuSeconds::read("postgres"));
    let mut latencies = load.run(load.length).await;
    let requests = latencies.len() as f64;
    let (own, postgres) = (own.since(server), postgres.since("postgres"));
    latencies.sort_unstable();
    Row {
        per_second: requests / load.length.as_secs_f64(),
        p50_ms: percentile_ms(&latencies, 0.5),
        p99_ms: percentile_ms(&latencies, 0.99),
        own_cpu_us: own / requests * 1e6,
        postgres_cpu_us: postgres / requests * 1e6,
    }
}

/// User and system time so far of every process of one name, by its id.
pub struct CpuSeconds(HashMap<u32, f64>);

impl CpuSeconds {
    /// Reads it now.
    pub fn read(name: &str) -> Self {
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let processes = pids.filter_map(|pid| Some((pid, stat(pid)?))).filter(|(_, (found, _))| found == name);
        Self(processes.map(|(pid, (_, ticks))| (pid, ticks / TICKS_PER_SECOND)).collect())
    }

    /// What was used since. By process: one that ended meanwhile must not take its earlier time with it.
    pub fn since(&self, name: &str) -> f64 {
        Self::read(name).0.iter().map(|(pid, seconds)| seconds - self.0.get(pid).unwrap_or(&0.0)).sum()
    }
}

/// User and system time so far of one process; none when it has ended.
pub fn cpu_seconds(pid: u32) -> f64 {
    stat(pid).map_or(0.0, |(_, ticks)| ticks / TICKS_PER_SECOND)
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
