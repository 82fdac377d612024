//! The run of one import: a few lines at a time, answered in their order as they come.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, ready},
    stream,
};
use tokio::time::Instant;
use tracing::Instrument;

use super::{
    lines::{self, Lines},
    pieces::{self, Gone, Pieces},
};
use crate::{
    auth::Principal,
    commands::{
        CommandError, Context, Origin,
        import_orders::{self, Imported, Known, OrderLine},
    },
    http::{Call, Code, Problem, Reply, views::ImportedLineView},
    telemetry::metrics::IMPORTED_LINES,
};

/// Media type of the answer.
const NDJSON: &str = "application/x-ndjson";
/// Lines that are placed at the same time: half of the pool, so that an import leaves the other half to everybody else. Each is a task.
const AT_A_TIME: usize = 4;
/// Lines that are looked up and then placed together, and bytes of theirs beyond which no further is taken in; more are the next chunk.
const CHUNK_LINES: usize = 64;
const CHUNK_BYTES: usize = 256 * 1024;
/// No line is begun in the last seconds of the call: those under way have to end, and what is left has to be told.
const LAST_SECONDS: Duration = Duration::from_secs(5);
/// Results that wait for a caller who reads slowly; then no further line is begun until he does.
const RESULTS_WAITING_MAX: usize = 64;

/// Places the order of each line of a request, and answers line by line. Whoever makes the answer is a task of its own, and so is each
/// line: a caller who hangs up, or does not read, stops no line that is under way and begins no other.
///
/// # Errors
/// What is wrong with the body as a whole, or 503: then no line was begun.
pub async fn import_orders(call: &Call) -> Result<Reply, Problem> {
    let mut import = Import::of(call)?;
    let chunk = import.chunk();
    // A store that is away is told by the status as long as there is one to choose.
    let known = import.known(&chunk).await?;
    let (pieces, reply) = pieces::answer(NDJSON, RESULTS_WAITING_MAX);
    tokio::spawn(import.run(chunk, known, pieces).in_current_span());
    Ok(reply)
}

/// A line that was read.
struct Read {
    number: usize,
    order: Result<OrderLine, Problem>,
}

/// What a line came to.
type Outcome = Result<Imported, Problem>;

struct Import {
    context: Context,
    principal: Principal,
    origin: Arc<Origin>,
    request_id: String,
    lines: Lines,
    /// The line that begins the next chunk, because its reference is in this one.
    held: Option<Read>,
    at_a_time: usize,
    until: Instant,
    /// No further line is begun: the store went away, or the caller did.
    stopped: Arc<AtomicBool>,
}

impl Import {
    fn of(call: &Call) -> Result<Self, Problem> {
        let lines = Lines::of(call)?;
        Ok(Self {
            context: call.context().clone(),
            principal: call.principal()?.clone(),
            origin: Arc::new(call.origin_of_lines()?),
            request_id: call.request_id().to_owned(),
            lines,
            held: None,
            // One connection, as on Lambda, serves one line.
            at_a_time: AT_A_TIME.min(call.database().size() / 2).max(1),
            until: call.deadline(),
            stopped: Arc::default(),
        })
    }

    /// The next lines, no two of which have the same reference: of those the first has to take effect before the second is looked up.
    fn chunk(&mut self) -> Vec<Read> {
        let (mut chunk, mut references, mut bytes) = (Vec::new(), HashSet::new(), 0);
        while chunk.len() < CHUNK_LINES && bytes < CHUNK_BYTES {
            let Some(read) = self.held.take().or_else(|| self.read(&mut bytes)) else { break };
            if let Ok(line) = &read.order
                && !references.insert(line.reference.clone())
            {
                self.held = Some(read);
                break;
            }
            chunk.push(read);
        }
        chunk
    }

    fn read(&mut self, bytes: &mut usize) -> Option<Read> {
        let (number, line) = self.lines.next()?;
        *bytes += line.len();
        Some(Read { number, order: lines::order_of(&line) })
    }

    fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || Instant::now() + LAST_SECONDS >= self.until
    }

    /// Which lines of a chunk were imported before.
    async fn known(&self, chunk: &[Read]) -> Result<Known, CommandError> {
        if self.is_over() {
            return Ok(Known::default());
        }
        import_orders::known(&self.context, self.origin.tenant, chunk.iter().filter_map(|read| read.order.as_ref().ok())).await
    }

    async fn run(mut self, mut chunk: Vec<Read>, mut known: Known, pieces: Pieces) {
        let mut tally = Tally::default();
        while !chunk.is_empty() {
            if let Err(gone) = self.answer(chunk, &known, &pieces, &mut tally).await {
                return tally.log(Some(gone));
            }
            chunk = self.chunk();
            known = match self.known(&chunk).await {
                Ok(known) => known,
                Err(error) => {
                    log(&error.into());
                    self.stopped.store(true, Ordering::Relaxed);
                    Known::default()
                }
            };
        }
        tally.log(pieces.finish(self.until).await.err());
    }

    /// Places the orders of a chunk and answers each line. Lines under way end in any case.
    async fn answer(&self, chunk: Vec<Read>, known: &Known, pieces: &Pieces, tally: &mut Tally) -> Result<(), Gone> {
        let mut answered = Ok(());
        let mut outcomes = stream::iter(chunk).map(|read| self.begin(read, known)).buffered(self.at_a_time);
        while let Some((number, outcome)) = outcomes.next().await {
            tally.count(&outcome);
            if answered.is_ok() {
                answered = pieces.send(self.line(number, outcome), self.until).await;
                self.stopped.fetch_or(answered.is_err(), Ordering::Relaxed);
            }
        }
        answered
    }

    /// Begins a line, unless what becomes of it is known already.
    fn begin(&self, Read { number, order }: Read, known: &Known) -> BoxFuture<'static, (usize, Outcome)> {
        let settled = |outcome| ready((number, outcome)).boxed();
        let line = match order {
            Ok(line) => line,
            Err(problem) => return settled(Err(problem)),
        };
        match known.of(&line) {
            Ok(Some(imported)) => return settled(Ok(imported)),
            Ok(None) => {}
            Err(error) => return settled(Err(error.into())),
        }
        if self.is_over() {
            return settled(Err(not_reached()));
        }
        let (context, principal, origin, stopped) =
            (self.context.clone(), self.principal.clone(), Arc::clone(&self.origin), Arc::clone(&self.stopped));
        let task = async move {
            let outcome = import_orders::execute(&context, &origin, &principal.policy, line).await;
            stopped.fetch_or(matches!(outcome, Err(CommandError::Unavailable(_))), Ordering::Relaxed);
            outcome.map_err(Problem::from)
        };
        let task = tokio::spawn(task.in_current_span());
        async move { (number, task.await.unwrap_or_else(|_| Err(Problem::internal("the task of a line ended without an outcome")))) }
            .boxed()
    }

    fn line(&self, number: usize, outcome: Outcome) -> Bytes {
        let view = match outcome {
            Ok(imported) => ImportedLineView::imported(number, &imported),
            Err(problem) => {
                log(&problem);
                ImportedLineView::refused(number, problem, &self.request_id)
            }
        };
        // Numbers and texts always serialise.
        let mut line = serde_json::to_vec(&view).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }
}

/// The call ended, or the store went away, before this line.
fn not_reached() -> Problem {
    Problem::new(Code::DependencyUnavailable).detail("not reached in this call; send the line again")
}

/// What only an operator may see of a line's failure.
fn log(problem: &Problem) {
    if let Some(cause) = problem.cause_chain() {
        tracing::error!(error.code = problem.code().as_str(), error.message = cause, "a line was not imported");
    }
}

/// How many lines came to what.
#[derive(Default)]
struct Tally {
    placed: u64,
    known: u64,
    refused: u64,
    left: u64,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        let (counter, result) = match outcome {
            Ok(Imported { known: false, .. }) => (&mut self.placed, "placed"),
            Ok(Imported { known: true, .. }) => (&mut self.known, "known"),
            Err(problem) if problem.code().retryable() => (&mut self.left, "left"),
            Err(_) => (&mut self.refused, "refused"),
        };
        *counter += 1;
        metrics::counter!(IMPORTED_LINES, "result" => result).increment(1);
    }

    fn log(&self, gone: Option<Gone>) {
        let Self { placed, known, refused, left } = *self;
        let caller = match gone {
            None => "heard everything",
            Some(Gone::HungUp) => "hung up",
            Some(Gone::TooSlow) => "read too slowly",
        };
        tracing::info!(
            orders.placed = placed,
            orders.known = known,
            orders.refused = refused,
            orders.left = left,
            event.reason = caller,
            "an import has ended"
        );
    }
}
