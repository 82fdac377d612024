//! The one table that a run prints: what was measured, beside its floors.

use super::start_up::StartUp;
use crate::measured::{Row, median};

/// What is measured, in the order of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// pgbench, as a service is usually written.
    EightStatements,
    /// pgbench, with the statement that the service runs.
    OneStatement,
    /// The service, signed over HTTP.
    Create,
    /// The same with one client.
    CreateAlone,
    /// nginx, one file.
    StaticFile,
    /// The service, signed over HTTP.
    Read,
    /// A service that has lost its Redis.
    CreateWithoutRedis,
    /// The same, reading.
    ReadWithoutRedis,
}

impl What {
    /// Every one there is.
    pub const ALL: [Self; 8] = [
        Self::EightStatements,
        Self::OneStatement,
        Self::Create,
        Self::CreateWithoutRedis,
        Self::CreateAlone,
        Self::StaticFile,
        Self::Read,
        Self::ReadWithoutRedis,
    ];

    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EightStatements => "pgbench, 8 statements",
            Self::OneStatement => "pgbench, the service's one statement",
            Self::Create => "create-order, signed",
            Self::CreateAlone => "create-order, signed, one client",
            Self::StaticFile => "nginx, a file",
            Self::Read => "get-order, signed",
            Self::CreateWithoutRedis => "create-order, signed, without Redis",
            Self::ReadWithoutRedis => "get-order, signed, without Redis",
        }
    }

    /// What it is divided by.
    const fn floors(self) -> &'static [Self] {
        match self {
            Self::EightStatements | Self::StaticFile | Self::CreateAlone => &[],
            Self::OneStatement => &[Self::EightStatements],
            Self::Create => &[Self::EightStatements, Self::OneStatement],
            Self::Read => &[Self::StaticFile],
            Self::CreateWithoutRedis => &[Self::Create],
            Self::ReadWithoutRedis => &[Self::Read],
        }
    }
}

/// The rows of every round.
#[derive(Debug, Default)]
pub struct Table(Vec<(What, Row)>);

impl Table {
    /// Notes a measurement.
    pub fn add(&mut self, what: What, row: Row) {
        self.0.push((what, row));
    }

    fn median(&self, what: What, value: fn(&Row) -> f64) -> f64 {
        median(self.0.iter().filter(|(measured, _)| *measured == what).map(|(_, row)| value(row)))
    }

    fn rate(&self, what: What) -> f64 {
        self.median(what, |row| row.per_second)
    }

    /// Prints it, in Markdown.
    pub fn print(&self, idle_kib: u64, loaded_kib: u64, start: &StartUp) {
        println!(
            "| measured | per second | of its floors | p50 ms | p99 ms | own CPU µs | PostgreSQL CPU µs |\n|---|---|---|---|---|---|---|"
        );
        for what in What::ALL {
            let ratio = |floor: &What| format!("{:.2} × {}", self.rate(what) / self.rate(*floor), floor.name());
            let ratios: Vec<_> = what.floors().iter().map(ratio).collect();
            let own: [fn(&Row) -> f64; 4] = [|row| row.p50_ms, |row| row.p99_ms, |row| row.own_cpu_us, |row| row.postgres_cpu_us];
            let figures = own.map(|value| figure(self.median(what, value)));
            println!("| {} | {:.0} | {} | {} |", what.name(), self.rate(what), ratios.join("; "), figures.join(" | "));
        }
        let (idle, loaded) = (idle_kib as f64 / 1024.0, loaded_kib as f64 / 1024.0);
        println!("\nmemory: {idle:.1} MiB idle, {loaded:.1} MiB after the load");
        println!("start: {:.1} ms to the first answer, {:.1} ms to one with PostgreSQL", start.first_answer_ms, start.first_ready_ms);
    }
}

/// Three digits that matter; nothing for what a floor does not tell.
fn figure(value: f64) -> String {
    match value {
        0.0 => String::new(),
        small if small < 10.0 => format!("{small:.2}"),
        large => format!("{large:.0}"),
    }
}
