//! What a follower hears, as a body of `text/event-stream`: frames one after the other, heartbeats in silence, and an end in time.
//!
//! A task of its own makes the frames and hands them through a small queue to whoever sends them. So it notices a reader that takes
//! nothing, and a body that nobody reads any more.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::{
    sync::{
        mpsc::{self, Sender},
        watch,
    },
    time::{Instant, sleep_until, timeout_at},
};
use tracing::Instrument as _;

use super::{
    follower::{Follower, Heard},
    frames::{self, Word},
    open::Open,
};
use crate::{backoff::jittered, telemetry::metrics::LIVE_STREAMS_ENDED};

/// The media type of such a body.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// Frames made ahead of what has been sent. Beyond them the follower waits, and beyond what its feed keeps it reads PostgreSQL.
const FRAMES_AHEAD: usize = 16;

/// How long things may last. (The tests have no patience for these.)
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A stream ends after this time and its reader comes back, before gateways and platforms cut it (they do after 300 s).
    pub(super) stream: Duration,
    /// After so much silence a heartbeat is sent: whatever stands between keeps the connection, and a reader that is gone is noticed.
    pub(super) silence: Duration,
    /// A reader that takes no frame for this long is let go; it comes back when it can.
    pub(super) slowness: Duration,
}

/// Those of the service.
const LIMITS: Limits = Limits { stream: Duration::from_secs(270), silence: Duration::from_secs(15), slowness: Duration::from_secs(20) };

/// At most so long a reader waits before it comes back, and at least half of that: those of a process that has ended do not come at once.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// Between two attempts to catch up when PostgreSQL is away.
const CATCH_UP_PAUSE: Duration = Duration::from_secs(1);

/// What ends a stream from outside.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// The function, for the log and the metrics.
    pub function: &'static str,
    /// When the host gives up on the request, if it does.
    pub host: Option<Instant>,
}

/// Why a stream ended; also the label of its metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its time was over.
    Time,
    /// Its reader took nothing.
    Slow,
    /// Its reader went away.
    Gone,
    /// The process stops.
    Stopping,
}

impl End {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Slow => "slow_reader",
            Self::Gone => "reader_gone",
            Self::Stopping => "stopping",
        }
    }
}

impl Follower {
    /// The body: everything that this follower hears until it ends.
    pub fn stream(self, ends: Ends) -> impl Stream<Item = Bytes> + Send + 'static {
        self.stream_within(ends, LIMITS)
    }

    pub(super) fn stream_within(self, ends: Ends, limits: Limits) -> impl Stream<Item = Bytes> + Send + 'static {
        let (queue, frames) = mpsc::channel(FRAMES_AHEAD);
        let stop = self.hub().stop();
        let until = Instant::now() + limits.stream;
        let pump = Pump { queue, stop, until: ends.host.map_or(until, |host| until.min(host)), limits, frames: 0 };
        let open = Open::new(ends.function);
        tokio::spawn(run(self, pump, open).in_current_span());
        stream::unfold(frames, async |mut frames| frames.recv().await.map(|frame| (frame, frames)))
    }
}

/// From the first frame to the last, and one line about it.
async fn run(mut follower: Follower, mut pump: Pump, open: Open) {
    let end = pump.tell(&mut follower).await.unwrap_or_else(|end| end);
    if matches!(end, End::Time | End::Stopping) {
        // Whoever has no room for it comes back with an older position, which costs a few reads more.
        let _ = pump.queue.try_send(frames::word(Word::Close, follower.position()));
    }
    metrics::counter!(LIVE_STREAMS_ENDED, "function" => open.function, "reason" => end.as_str()).increment(1);
    tracing::info!(
        tenant.id = %follower.tenant(),
        order.id = follower.order().map(tracing::field::display),
        "event.reason" = end.as_str(),
        "event.duration" = u64::try_from(open.since.elapsed().as_nanos()).unwrap_or(u64::MAX),
        "labels.frames" = pump.frames,
        "a stream ended"
    );
}

/// Hands frames on, within the limits.
struct Pump {
    queue: Sender<Bytes>,
    stop: watch::Receiver<bool>,
    until: Instant,
    limits: Limits,
    frames: u64,
}

impl Pump {
    /// Tells everything until something ends it. `Ok` and `Err` are both ends: the latter came while a frame was on its way.
    async fn tell(&mut self, follower: &mut Follower) -> Result<End, End> {
        self.send(frames::retry(jittered(RETRY_PAUSE))).await?;
        let word = if follower.is_lost() { Word::Resync } else { Word::Open };
        self.send(frames::word(word, follower.position())).await?;
        let mut silent_until = Instant::now() + self.limits.silence;
        loop {
            if follower.is_behind() {
                self.catch_up(follower).await?;
                silent_until = Instant::now() + self.limits.silence;
            }
            tokio::select! {
                heard = follower.heard() => if let Heard::Event(event) = heard {
                    self.send(event.frame.clone()).await?;
                    silent_until = Instant::now() + self.limits.silence;
                },
                () = sleep_until(silent_until) => {
                    self.send(frames::HEARTBEAT).await?;
                    silent_until = Instant::now() + self.limits.silence;
                }
                end = ended(&mut self.stop, &self.queue, self.until) => return Ok(end),
            }
        }
    }

    /// Tells what the feed does not. While PostgreSQL is away it tries again, with a sign of life each time.
    async fn catch_up(&mut self, follower: &mut Follower) -> Result<(), End> {
        let mut is_away = false;
        while follower.is_behind() {
            match follower.catch_up().await {
                Ok(events) => {
                    for event in events {
                        self.send(event.frame.clone()).await?;
                    }
                    is_away = false;
                }
                Err(error) => {
                    if !is_away {
                        tracing::warn!(error.message = &error as &(dyn Error + 'static), "a stream waits for PostgreSQL");
                    }
                    is_away = true;
                    self.send(frames::HEARTBEAT).await?;
                    tokio::select! {
                        () = tokio::time::sleep(jittered(CATCH_UP_PAUSE)) => {}
                        end = ended(&mut self.stop, &self.queue, self.until) => return Err(end),
                    }
                }
            }
            if *self.stop.borrow() {
                return Err(End::Stopping);
            }
        }
        Ok(())
    }

    /// Puts a frame into the queue.
    async fn send(&mut self, frame: Bytes) -> Result<(), End> {
        let patience = Instant::now() + self.limits.slowness;
        let sent = tokio::select! {
            biased;
            sent = timeout_at(patience, self.queue.send(frame)) => sent,
            end = ended(&mut self.stop, &self.queue, self.until) => return Err(end),
        };
        match sent {
            Ok(Ok(())) => {
                self.frames += 1;
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Slow),
        }
    }
}

/// Waits for whatever ends a stream beside its reader's slowness.
async fn ended(stop: &mut watch::Receiver<bool>, queue: &Sender<Bytes>, until: Instant) -> End {
    tokio::select! {
        // An error means that nobody could ever ask again, which counts as asking.
        _ = stop.wait_for(|stop| *stop) => End::Stopping,
        () = queue.closed() => End::Gone,
        () = sleep_until(until) => End::Time,
    }
}
