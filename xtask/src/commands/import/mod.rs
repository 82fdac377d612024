//! `cargo xtask import`: places the orders of a file, one a line, in calls that the service takes.
//!
//! In reading order: `calls` cuts the file, this file sends each call until every line of it is settled, `progress` counts and tells.
//! Nothing is remembered between two runs: the service knows each line by its reference, so running it again goes on where it was.

mod calls;
mod progress;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::checkout::Checkout;
use crate::client::{Answer, Client, problem};
use crate::failure::{Context, Failure, Result};
use crate::interrupt;
use crate::options::{Accepted, Options};
use crate::output;
use crate::signing::{Key, Request};
use crate::target::Target;
use calls::{Calls, LINES_MAX, Line};
use progress::Progress;

/// What `--help` says.
pub const HELP: &str = "\
cargo xtask import FILE|- [--chunk LINES] [--url URL] [--key-id ID --secret SECRET]

Places the orders of a file (NDJSON: one order a line, each with its own external_reference) and shows how far it is.
A line that was refused is written to FILE.refused.ndjson with the reason. Run it again to go on after whatever ended
it: what was placed is there already. While the service is away or overloaded, it waits and tries again.

  --chunk LINES      lines of one call, 1 to 2000; 2000 unless told
  --url URL          another address than that of the running `cargo xtask dev`
  --key-id ID        another key, with the scope orders:import, together with
  --secret SECRET    its secret

docs/bulk.md says what a line looks like.";

const ACCEPTED: Accepted = Accepted { flags: &[], values: &["--chunk", "--url", "--key-id", "--secret"], words_max: 1 };

const PATH: &str = "/v1/orders/import";
/// The service ends a call after 60 s, with an answer to every line.
const CALL_TIMEOUT: Duration = Duration::from_secs(75);
/// How long no line at all may be settled before the import gives up: longer than a database takes to fail over.
const GIVE_UP_AFTER: Duration = Duration::from_secs(300);
/// Waits between two attempts, unless the service says how long: doubled from the first on, and never longer than the last.
const WAIT_FIRST: Duration = Duration::from_millis(500);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How often somebody who wants to stop is listened to while waiting.
const LISTEN: Duration = Duration::from_millis(100);

/// Runs the command.
pub fn run(checkout: &Checkout, arguments: Vec<String>) -> Result<()> {
    let options = Options::read(arguments, &ACCEPTED)?;
    let [file] = &options.words[..] else {
        return Err(Failure::new("say which file, such as: cargo xtask import orders.ndjson"));
    };
    let chunk = options.parsed("--chunk")?.unwrap_or(LINES_MAX);
    if !(1..=LINES_MAX).contains(&chunk) {
        return Err(Failure::new(format!("--chunk is a number from 1 to {LINES_MAX}")));
    }
    let client = Client::new(Target::read(checkout, options.text("--url"), key(&options)?)?, CALL_TIMEOUT);
    let reader: Box<dyn BufRead> = match file.as_str() {
        "-" => Box::new(BufReader::new(std::io::stdin())),
        file => Box::new(BufReader::new(File::open(file).context(|| format!("cannot read {file}"))?)),
    };
    let mut import = Import { client, progress: Progress::begin(), refused: Refused::of(file)? };
    for call in Calls::new(reader, chunk) {
        import.settle(call.context(|| format!("cannot read {file}"))?)?;
    }
    import.finish(file)
}

/// The key that was typed, if one was.
pub fn key(options: &Options) -> Result<Option<Key<'_>>> {
    match (options.text("--key-id"), options.text("--secret")) {
        (Some(id), Some(secret)) => Ok(Some(Key { id, secret })),
        (None, None) => Ok(None),
        _ => Err(Failure::new("--key-id and --secret belong together")),
    }
}

struct Import {
    client: Client,
    progress: Progress,
    refused: Refused,
}

/// What the service says of a line: its place in the call, and the status that it came to.
#[derive(Deserialize)]
struct Settled {
    line: usize,
    status: u16,
    problem: Option<Value>,
}

/// How a call ended.
enum Ended {
    /// The service has answered as many lines as it could.
    Answered,
    /// It did not, and says when to ask again, or nothing at all.
    Later(Option<Duration>),
}

impl Import {
    /// Sends lines until each is placed, there already, or refused.
    fn settle(&mut self, mut lines: Vec<Line>) -> Result<()> {
        let (mut fruitless, mut progressed) = (0, Instant::now());
        while !lines.is_empty() {
            interrupt::check()?;
            let left = lines.len();
            let ended = self.send(&mut lines)?;
            if lines.is_empty() {
                break;
            }
            if lines.len() < left {
                (fruitless, progressed) = (0, Instant::now());
            }
            if progressed.elapsed() > GIVE_UP_AFTER {
                let why = "the service settles no line; the same command goes on later";
                return Err(Failure::new(format!("{why}, at line {}", lines[0].number)));
            }
            let wait = match ended {
                Ended::Later(Some(told)) => told.min(WAIT_MAX),
                Ended::Later(None) | Ended::Answered => WAIT_MAX.min(WAIT_FIRST.saturating_mul(2_u32.saturating_pow(fruitless))),
            };
            fruitless += 1;
            self.progress.wait(wait);
            let until = Instant::now() + wait;
            while Instant::now() < until {
                interrupt::check()?;
                std::thread::sleep(LISTEN.min(until.saturating_duration_since(Instant::now())));
            }
        }
        Ok(())
    }

    /// Sends lines once. Those that are settled are taken out; what is left may come again.
    fn send(&mut self, lines: &mut Vec<Line>) -> Result<Ended> {
        let body: Vec<u8> = lines.iter().flat_map(|line| [line.text.as_slice(), b"\n"].concat()).collect();
        let headers = [("content-type", "application/x-ndjson")];
        let request = Request { method: "POST", target: PATH, headers: &headers, body: Some(&body) };
        let mut answer = match self.client.open(&request)? {
            Ok(answer) => answer,
            // Nothing runs there from the beginning: that is a mistake and no outage.
            Err(error) if self.progress.lines() == 0 => return Err(self.client.unreachable(&error)),
            Err(_) => return Ok(Ended::Later(None)),
        };
        if answer.status().as_u16() != 200 {
            return refusal(&mut answer);
        }
        let mut settled = vec![false; lines.len()];
        // An answer that breaks off settles what it says until then.
        for line in BufReader::new(answer.body_mut().as_reader()).lines().map_while(std::result::Result::ok) {
            let Ok(result) = serde_json::from_str::<Settled>(&line) else { break };
            let index = result.line.wrapping_sub(1);
            let Some(line) = lines.get(index) else { break };
            settled[index] = self.note(line, &result)?;
        }
        let mut settled = settled.into_iter();
        lines.retain(|_| !settled.next().unwrap_or_default());
        Ok(Ended::Answered)
    }

    /// Whether the line is settled.
    fn note(&mut self, line: &Line, result: &Settled) -> Result<bool> {
        match (&result.problem, result.status) {
            (None, 201) => self.progress.placed(),
            (None, _) => self.progress.known(),
            (Some(problem), _) if problem["retryable"] == true => return Ok(false),
            (Some(problem), _) => {
                self.refused.write(line, problem)?;
                self.progress.refused();
            }
        }
        Ok(true)
    }

    fn finish(self, file: &str) -> Result<()> {
        output::print(&format!("{file}: {}", self.progress.end()))?;
        match self.refused.count {
            0 => Ok(()),
            count => {
                Err(Failure::new(format!("{count} lines were refused; they are in {}, with the reasons", self.refused.path.display())))
            }
        }
    }
}

/// A refusal of the whole call: to be sent again, or for a person.
fn refusal(answer: &mut Answer) -> Result<Ended> {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    match status {
        429 | 502 | 503 | 504 => Ok(Ended::Later(retry_after)),
        _ => Err(Failure::new(problem(&format!("POST {PATH}"), status, &body))),
    }
}

/// The file of refused lines; there is none until a line is refused.
struct Refused {
    path: PathBuf,
    file: Option<File>,
    count: u64,
}

impl Refused {
    /// Of an import of `file`; one of an earlier run is removed, because every line is judged again.
    fn of(file: &str) -> Result<Self> {
        let path = PathBuf::from(if file == "-" { "stdin.refused.ndjson".to_owned() } else { format!("{file}.refused.ndjson") });
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(Self { path, file: None, count: 0 }),
        }
    }

    fn write(&mut self, line: &Line, problem: &Value) -> Result<()> {
        let doing = || format!("cannot write {}", self.path.display());
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::create(&self.path).context(doing)?),
        };
        let refused = json!({ "line": line.number, "problem": problem, "text": String::from_utf8_lossy(&line.text) });
        writeln!(file, "{refused}").context(doing)?;
        self.count += 1;
        Ok(())
    }
}
