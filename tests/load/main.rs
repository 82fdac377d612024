//! Measures creating and reading orders: floors and the service in alternation, in one run on one machine.
//!
//! Run it with `cargo xtask bench`, which builds in release mode and starts the servers. Rates drift with the machine; what counts
//! are the ratios of one run.

mod client;
mod floor;
mod measured;
mod start_up;
mod static_file;
mod table;

use std::{env, process::ExitCode, time::Duration};

use tests::{Options, Stack, sample};

use crate::{
    client::{Load, Traffic},
    floor::Floor,
    static_file::StaticFile,
    table::{Table, What},
};

/// The process's name in /proc.
const SERVICE: &str = "standalone";

/// What `--help` prints.
const HELP: &str = "\
Measures the service beside its floors, in alternation: creating orders beside pgbench with eight statements and with the service's one
statement, reading them beside nginx with a file.

usage: cargo xtask bench [--quick] [--rounds N] [--seconds N] [--clients N]

  --quick       one round of four seconds each
  --rounds N    rounds; medians are printed (default 3)
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
            "--quick" => (parsed.rounds, parsed.seconds) = (1, 4),
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
    let key = || caller.key.clone();
    let load = |url: String, traffic| Load { url, traffic, clients: arguments.clients, length: Duration::from_secs(arguments.seconds) };
    let create = load(stack.url(), Traffic::PlaceOrders(key()));
    eprintln!("warming up");
    create.run(Duration::from_secs(2)).await;
    // Plans made while the tables were empty stay until their statistics change: autovacuum sees to that within a minute, we at once.
    stack.sql().execute("ANALYZE").await.unwrap();
    let order = caller.place(&sample::order()).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let nginx = StaticFile::serve(caller.get(&path).send().await.expect(200).body.as_slice());
    let read = load(stack.url(), Traffic::Read(key(), path));
    let read_openly = load(nginx.url(), Traffic::ReadOpenly(static_file::PATH.to_owned()));

    let mut table = Table::default();
    for round in 1..=arguments.rounds {
        for what in What::ALL {
            eprintln!("round {round} of {}: {}", arguments.rounds, what.name());
            let row = match what {
                What::EightStatements => Floor::EightStatements.run(&stack, &caller.key, arguments.clients, arguments.seconds),
                What::OneStatement => Floor::OneStatement.run(&stack, &caller.key, arguments.clients, arguments.seconds),
                What::Create => measured::load(SERVICE, &create).await,
                What::CreateAlone => measured::load(SERVICE, &Load { clients: 1, ..create.clone() }).await,
                What::StaticFile => measured::load(static_file::PROCESS, &read_openly).await,
                What::Read => measured::load(SERVICE, &read).await,
            };
            table.add(what, row);
        }
    }
    let loaded_kib = measured::resident_kib(stack.service.pid());
    eprintln!("starting processes");
    let start = start_up::measure(&stack).await;
    table.print(idle_kib, loaded_kib, &start);
}
