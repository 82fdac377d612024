//! `cargo xtask chaos`: breaks the service on purpose, on private servers, and says what held.

mod crash_points;
mod table;

use crate::checkout::Checkout;
use crate::failure::{Failure, Result};

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask chaos crashpoints [--repeat N] [POINT…]

Builds the service with crash points, starts private servers, and for each point and each operation that passes it:
kills the process there as kill -9 would, starts it again, sends the request again with the same key (or lets the broker
deliver again), and audits what is left. Prints one line a crash and a table at the end. `cargo xtask test` does the same
once; shared/src/chaos.rs lists the points.

  --repeat N   kill at each point so often (default 1)
  POINT        only at these points";

/// Runs the command.
pub fn run(checkout: &Checkout, mut arguments: Vec<String>) -> Result<()> {
    if arguments.is_empty() {
        return Err(Failure::new(format!("chaos of which kind?\n\n{HELP}")));
    }
    match arguments.remove(0).as_str() {
        "crashpoints" => crash_points::run(checkout, arguments),
        other => Err(Failure::new(format!("there is no chaos of the kind {other:?}\n\n{HELP}"))),
    }
}
