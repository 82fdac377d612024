//! The commands, one file each, and the table by which `main` finds them.

mod bench;
mod chaos;
mod dev;
mod event;
mod export;
mod import;
mod new;
mod order;
mod sign;
mod sync;
mod test;
mod tidy;

use crate::checkout::Checkout;
use crate::failure::Result;

/// One command.
pub struct Command {
    /// What is typed.
    pub name: &'static str,
    /// One line for the list of commands.
    pub purpose: &'static str,
    /// What `--help` says.
    pub help: &'static str,
    /// Runs it with the arguments that follow its name.
    pub run: fn(&Checkout, Vec<String>) -> Result<()>,
}

/// Every command, the most used first.
pub const COMMANDS: &[Command] = &[
    Command { name: "dev", purpose: "run the whole service on this machine", help: dev::HELP, run: dev::run },
    Command { name: "order", purpose: "place an order and follow it to its end", help: order::HELP, run: order::run },
    Command { name: "sign", purpose: "print a signed curl line for any request", help: sign::HELP, run: sign::run },
    Command { name: "import", purpose: "place the orders of a file, one a line", help: import::HELP, run: import::run },
    Command { name: "export", purpose: "write all orders to a file, one a line", help: export::HELP, run: export::run },
    Command { name: "event", purpose: "print the event that invokes a function on Lambda", help: event::HELP, run: event::run },
    Command { name: "test", purpose: "run everything CI runs", help: test::HELP, run: test::run },
    Command { name: "chaos", purpose: "kill the service at every step and audit what is left", help: chaos::HELP, run: chaos::run },
    Command { name: "bench", purpose: "measure against the floors", help: bench::HELP, run: bench::run },
    Command { name: "sync", purpose: "write what derives from the manifests", help: sync::HELP, run: sync::run },
    Command { name: "tidy", purpose: "check the rules of the house", help: tidy::HELP, run: tidy::run },
    Command { name: "new", purpose: "scaffold a function", help: new::HELP, run: new::run },
];
