//! `cargo xtask export`: writes all orders to a file or to stdout, one a line, and goes on by itself when the answer breaks off.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::time::Duration;

use serde::Deserialize;

use super::import;
use crate::checkout::Checkout;
use crate::client::{Client, problem};
use crate::failure::{Context, Failure, Result};
use crate::interrupt;
use crate::options::{Accepted, Options};
use crate::signing::Request;
use crate::target::Target;

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask export [FILE] [--format ndjson|csv] [--filter QUERY] [--after ORDER] [--url URL] [--key-id ID --secret SECRET]

Writes a tenant's orders to FILE, or to stdout, oldest first. An answer that breaks off is asked for again behind the
last whole line. At last it says on stderr how many there are and, unless they are rows, what --after an export of new
orders takes.

  --format csv       rows instead of JSON documents
  --filter QUERY     only some, as list-orders takes them: 'status=completed&created_from=2026-11-01T00:00:00Z'
  --after ORDER      only those behind this one
  --url URL          another address than that of the running `cargo xtask dev`
  --key-id ID        another key, with the scope orders:read, together with
  --secret SECRET    its secret

docs/bulk.md tells more.";

const ACCEPTED: Accepted =
    Accepted { flags: &[], values: &["--format", "--filter", "--after", "--url", "--key-id", "--secret"], words_max: 1 };

/// The service ends an answer after 300 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(330);
/// Answers in a row that bring no order before the export gives up.
const FRUITLESS_MAX: u32 = 5;
/// Pause before an answer is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    let client = Client::new(Target::read(checkout, options.text("--url"), import::key(&options)?)?, ANSWER_TIMEOUT);
    let file = options.words.first();
    let to: Box<dyn Write> = match file {
        Some(file) => Box::new(File::create(file).context(|| format!("cannot write {file}"))?),
        None => Box::new(std::io::stdout()),
    };
    let format = options.text("--format").unwrap_or("ndjson");
    let filter = options.text("--filter").map(|filter| format!("&{filter}")).unwrap_or_default();
    let mut export = Export {
        client,
        query: format!("format={format}{filter}"),
        is_csv: format == "csv",
        to: BufWriter::new(to),
        last: options.text("--after").map(str::to_owned),
        orders: 0,
        names: false,
    };
    let mut fruitless = 0;
    let next_after = loop {
        interrupt::check()?;
        let before = export.orders;
        if let Some(end) = export.answer()? {
            break end;
        }
        fruitless = if export.orders > before { 0 } else { fruitless + 1 };
        if fruitless >= FRUITLESS_MAX {
            let last = export.last.unwrap_or_default();
            return Err(Failure::new(format!("the answers break off; the export goes on with --after {last}")));
        }
        std::thread::sleep(PAUSE);
    };
    export.to.flush().context(|| "cannot write".to_owned())?;
    // Rows have no end that could say it, and simply behind the last one an order might be missed.
    let next = if export.is_csv { String::new() } else { format!("; the next export of new ones takes --after {next_after}") };
    eprintln!("{} orders{next}", export.orders);
    Ok(())
}

struct Export {
    client: Client,
    query: String,
    is_csv: bool,
    to: BufWriter<Box<dyn Write>>,
    /// The last order that came whole.
    last: Option<String>,
    orders: u64,
    /// The row of names was written.
    names: bool,
}

/// What is asked of a line.
#[derive(Deserialize)]
struct Known {
    id: Option<String>,
    end: Option<End>,
}

#[derive(Deserialize)]
struct End {
    next_after: String,
}

impl Export {
    /// Writes what one answer brings; where the next export begins, if it was whole.
    fn answer(&mut self) -> Result<Option<String>> {
        let after = self.last.as_ref().map(|last| format!("&after={last}")).unwrap_or_default();
        let target = format!("/v1/orders/export?{}{after}", self.query);
        let request = Request { method: "GET", target: &target, headers: &[], body: None };
        let mut answer = match self.client.open(&request)? {
            Ok(answer) => answer,
            Err(error) if self.orders == 0 => return Err(self.client.unreachable(&error)),
            Err(_) => return Ok(None),
        };
        let status = answer.status().as_u16();
        if matches!(status, 429 | 502..=504) {
            return Ok(None);
        }
        if status != 200 {
            let body = answer.body_mut().read_to_string().unwrap_or_default();
            return Err(Failure::new(problem("GET /v1/orders/export", status, &body)));
        }
        let mut reader = BufReader::new(answer.body_mut().as_reader());
        let mut is_first = true;
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                // Rows have no end of their own: the answer's is theirs.
                Ok(0) => return Ok(self.is_csv.then(|| self.last.clone().unwrap_or_default())),
                Ok(_) if !line.ends_with('\n') => return Ok(None),
                Ok(_) => {}
                Err(_) => return Ok(None),
            }
            if let Some(end) = self.line(&line, is_first)? {
                return Ok(Some(end));
            }
            is_first = false;
        }
    }

    fn line(&mut self, line: &str, is_first: bool) -> Result<Option<String>> {
        let id = if self.is_csv {
            if is_first {
                return self.write_names(line).map(|()| None);
            }
            line.split(',').next().map(str::to_owned)
        } else {
            let known: Known = serde_json::from_str(line).context(|| "a line is no JSON".to_owned())?;
            if let Some(end) = known.end {
                return Ok(Some(end.next_after));
            }
            known.id
        };
        self.to.write_all(line.as_bytes()).context(|| "cannot write".to_owned())?;
        self.last = id;
        self.orders += 1;
        Ok(None)
    }

    /// Each answer begins with names; the file does once.
    fn write_names(&mut self, line: &str) -> Result<()> {
        if !self.names {
            self.to.write_all(line.as_bytes()).context(|| "cannot write".to_owned())?;
        }
        self.names = true;
        Ok(())
    }
}
