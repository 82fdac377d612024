//! `cargo xtask order`: places a signed order against what `dev` runs and follows it to its end.

mod timeline;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::checkout::Checkout;
use crate::client::{Client, REQUEST_TIMEOUT, text};
use crate::failure::{Context, Failure, Result};
use crate::interrupt;
use crate::options::{Accepted, Options};
use crate::output;
use crate::random;
use crate::target::Target;
use timeline::Timeline;

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask order [--file order.json] [--url URL] [--timeout SECONDS] [--json]

Places a signed order as the demo tenant of the running `cargo xtask dev`, follows it to `completed` and prints what
happened when. Any other end is a failure.

  --file order.json    the order to place instead of two packets of green tea
  --url URL            another address than that of `dev`
  --timeout SECONDS    how long to follow, 60 unless told
  --json               print the order and its history as one JSON object";

const ACCEPTED: Accepted = Accepted { flags: &["--json"], values: &["--file", "--url", "--timeout"], words_max: 0 };

/// Beyond it the order is left to itself and the command fails.
const TIMEOUT_DEFAULT_SECONDS: u64 = 60;

/// How often the order is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Where an order ends; only `completed` is a success.
const ENDS: [&str; 4] = ["completed", "cancelled", "expired", "rejected"];

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    let timeout = Duration::from_secs(options.parsed("--timeout")?.unwrap_or(TIMEOUT_DEFAULT_SECONDS));
    let body = match options.text("--file") {
        Some(file) => std::fs::read(file).context(|| format!("cannot read {file}"))?,
        None => default_order().to_string().into_bytes(),
    };
    let client = Client::new(Target::read(checkout, options.text("--url"), None)?, REQUEST_TIMEOUT);
    let started = Instant::now();
    let mut order = client.post("/v1/orders", &random::token()?, &body)?;
    let path = format!("/v1/orders/{}", text(&order, "id"));
    let print = !options.has("--json");
    if print {
        println!("order {} number {} at {}{path}\n", text(&order, "id"), text(&order, "number"), client.url());
    }
    let mut timeline = Timeline::new(print);
    let mut version = Value::Null;
    loop {
        if order["version"] != version {
            timeline.add(&client.get(&format!("{path}/history"))?, &order);
            version = order["version"].clone();
        }
        if ENDS.contains(&text(&order, "status")) || started.elapsed() > timeout {
            break;
        }
        interrupt::check()?;
        std::thread::sleep(POLL);
        order = client.get(&path)?;
    }
    finish(&order, &timeline, print, started.elapsed())
}

fn finish(order: &Value, timeline: &Timeline, print: bool, elapsed: Duration) -> Result<()> {
    if !print {
        output::print(&format!("{:#}", json!({"order": order, "history": timeline.entries()})))?;
    }
    let (status, seconds) = (text(order, "status"), elapsed.as_secs_f32());
    if status == "completed" {
        if print {
            println!("\ncompleted after {seconds:.1} s");
        }
        return Ok(());
    }
    if ENDS.contains(&status) {
        return Err(Failure::new(format!("the order ended as {status} after {seconds:.1} s")));
    }
    Err(Failure::new(format!("the order is still {status} after {seconds:.1} s; the logs are in .local/dev/logs")))
}

/// The order of the API's documentation.
pub fn default_order() -> Value {
    json!({
        "currency": "EUR",
        "customer": {"reference": "cus_77", "email": "kim@example.com", "name": "Kim Lee"},
        "shipping_address": {
            "name": "Kim Lee", "line1": "Main St 1", "postal_code": "1010", "city": "Wien", "country": "AT",
        },
        "lines": [
            {"sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": 1250, "discount": 0, "tax": 500},
        ],
        "shipping": 490,
        "discount": 0,
        "expected_total": 3490,
        "payments": [{"method": "card", "token": "tok_visa", "amount": 3490, "capture": "automatic"}],
        "metadata": {"channel": "xtask"},
    })
}
