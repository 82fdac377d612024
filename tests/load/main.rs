//! Measures the service beside its floors, in alternation, in one run on one machine: [`orders`] over HTTP, [`messages`] over the broker,
//! [`growth`] beside itself with a hundredth of the orders.
//!
//! Run it with `cargo xtask bench`, which builds in release mode and starts the servers. Rates drift with the machine; what counts
//! are the ratios of one run.

mod client;
mod growth;
mod measured;
mod messages;
mod orders;

use std::{env, process::ExitCode};

/// What `--help` prints.
const HELP: &str = "\
Measures the service beside its floors, in alternation.

usage: cargo xtask bench [orders|messages|growth] [--quick] [--rounds N] [--seconds N] [--clients N] [--orders N] [WORD…]

  orders        creating orders beside pgbench with eight statements and with the service's one statement, reading
                them beside nginx with a file (the default)
  messages      the relay beside a program that only publishes, a consumer beside one that only acknowledges, and the
                time from an order's change to its event at a consumer
  growth        what every filter of list-orders, reading and placing an order cost PostgreSQL among a million orders, beside
                their cost among ten thousand; fails beyond 1.2 times of it (--seconds and --clients do not apply). Words that
                follow choose the questions whose names have one of them
  --quick       one round of four seconds each
  --rounds N    rounds; medians are printed (default 3)
  --seconds N   length of each measurement (default 8)
  --clients N   concurrent clients (default 32)
  --orders N    orders that growth fills in (default 1000000)
";

/// What is measured.
#[derive(Clone, Copy)]
enum Subject {
    Orders,
    Messages,
    Growth,
}

/// How much of it.
struct Arguments {
    subject: Subject,
    rounds: usize,
    seconds: u64,
    clients: usize,
    orders: u64,
    words: Vec<String>,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments { subject: Subject::Orders, rounds: 3, seconds: 8, clients: 32, orders: 1_000_000, words: Vec::new() };
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
            "orders" => parsed.subject = Subject::Orders,
            "messages" => parsed.subject = Subject::Messages,
            "growth" => parsed.subject = Subject::Growth,
            "--quick" => (parsed.rounds, parsed.seconds) = (1, 4),
            "--rounds" => parsed.rounds = number()?,
            "--seconds" => parsed.seconds = number()? as u64,
            "--clients" => parsed.clients = number()?,
            "--orders" => parsed.orders = number()? as u64,
            "-h" | "--help" => return Ok(None),
            word if matches!(parsed.subject, Subject::Growth) && !word.starts_with('-') => parsed.words.push(word.to_owned()),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(Some(parsed))
}

#[tokio::main]
async fn main() -> ExitCode {
    match arguments() {
        Ok(Some(arguments)) => {
            match arguments.subject {
                Subject::Orders => orders::run(&arguments).await,
                Subject::Messages => messages::run(&arguments).await,
                Subject::Growth if !growth::run(&arguments).await => return ExitCode::FAILURE,
                Subject::Growth => {}
            }
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
