//! Measures creating orders: pgbench's floors and the service in alternation, in one run on one machine.
//!
//! Run it with `cargo xtask bench`, which builds in release mode and starts the servers. Rates drift with the machine; what counts
//! are the ratios of one run.

mod client;
mod floor;
mod measured;
mod start_up;

use std::{env, process::ExitCode, time::Duration};

use tests::{Options, Stack};

use crate::{
    client::Load,
    floor::Floor,
    measured::{Row, median},
};

/// What `--help` prints.
const HELP: &str = "\
Measures creating orders: pgbench with eight statements, pgbench with the service's one statement, and the service, in alternation.

usage: cargo xtask bench [--rounds N] [--seconds N] [--clients N]

  --rounds N    rounds of the three; medians are printed (default 3)
  --seconds N   length of each measurement (default 8)
  --clients N   concurrent clients (default 32)
";

struct Arguments {
    rounds: usize,
    seconds: u64,
    clients: usize,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments { rounds: 3, seconds: 8, clients: 32 };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let value = arguments.next().ok_or_else(|| format!("{argument} needs a number"))?;
            value
                .parse::<usize>()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| format!("{argument} needs a number above 0, not {value}"))
        };
        match argument.as_str() {
            "--rounds" => parsed.rounds = number()?,
            "--seconds" => parsed.seconds = number()? as u64,
            "--clients" => parsed.clients = number()?,
            "-h" | "--help" => return Ok(None),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(Some(parsed))
}

#[tokio::main]
async fn main() -> ExitCode {
    match arguments() {
        Ok(Some(arguments)) => {
            run(&arguments).await;
            ExitCode::SUCCESS
        }
        Ok(None) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let idle_kib = measured::resident_kib(stack.service.pid());
    let length = Duration::from_secs(arguments.seconds);
    let load = Load { url: stack.url(), key: caller.key.clone(), clients: arguments.clients, length };
    eprintln!("warming up");
    load.run(Duration::from_secs(2)).await;

    let mut rows: [Vec<Row>; 3] = Default::default();
    for round in 1..=arguments.rounds {
        for (index, what) in ["pgbench, 8 statements", "pgbench, the one statement", "service"].into_iter().enumerate() {
            eprintln!("round {round} of {}: {what}", arguments.rounds);
            let row = match index {
                0 => Floor::EightStatements.run(&stack, &caller.key, arguments.clients, arguments.seconds),
                1 => Floor::OneStatement.run(&stack, &caller.key, arguments.clients, arguments.seconds),
                _ => measured::service(&stack, &load).await,
            };
            rows[index].push(row);
        }
    }
    eprintln!("one client");
    let alone = measured::service(&stack, &Load { clients: 1, ..load.clone() }).await;
    let loaded_kib = measured::resident_kib(stack.service.pid());
    let start = start_up::measure(&stack).await;
    print(&rows, &alone, idle_kib, loaded_kib, &start);
}

fn print(rows: &[Vec<Row>; 3], alone: &Row, idle_kib: u64, loaded_kib: u64, start: &start_up::StartUp) {
    let rate = |index: usize| median(rows[index].iter().map(|row| row.per_second));
    let (eight, one, service) = (rate(0), rate(1), rate(2));
    let of = |value: fn(&Row) -> f64| median(rows[2].iter().map(value));
    println!("| create-order | orders/s | of 8 statements | of the one statement |\n|---|---|---|---|");
    for (name, rate) in
        [("pgbench, 8 statements", eight), ("pgbench, the service's one statement", one), ("service, signed over HTTP", service)]
    {
        println!("| {name} | {rate:.0} | {:.2} | {:.2} |", rate / eight, rate / one);
    }
    println!("\n| service | figure |\n|---|---|");
    println!("| latency p50 / p99, all clients | {:.1} / {:.1} ms |", of(|row| row.p50_ms), of(|row| row.p99_ms));
    println!("| latency p50 / p99, one client | {:.2} / {:.2} ms |", alone.p50_ms, alone.p99_ms);
    println!("| own CPU per create | {:.0} µs |", of(|row| row.own_cpu_us));
    println!("| PostgreSQL's CPU per create | {:.0} µs |", of(|row| row.postgres_cpu_us));
    println!("| memory idle / after load | {:.1} / {:.1} MiB |", idle_kib as f64 / 1024.0, loaded_kib as f64 / 1024.0);
    println!("| start → first answer | {:.1} ms |", start.first_answer_ms);
    println!("| start → first answer with PostgreSQL | {:.1} ms |", start.first_ready_ms);
}
