//! A reader of `text/event-stream` (WHATWG HTML, "Server-sent events"), frame by frame.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::{Caller, PATIENCE, caller::Request};

/// A stream lasts longer than any answer.
const STREAM_LIMIT: Duration = Duration::from_secs(600);

/// A stream that is being read. Dropping it hangs up.
#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    unread: Vec<u8>,
}

/// What stands between two empty lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// `id`, where the stream stands behind it.
    pub id: String,
    /// `event`; empty for a comment.
    pub event: String,
    /// `data`.
    pub data: String,
    /// `retry`.
    pub retry: String,
}

impl Frame {
    /// The data as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Request<'_> {
    /// Sends it and reads the stream that comes.
    ///
    /// # Panics
    /// When something else comes.
    pub async fn follow(self) -> Events {
        let response = self.begin(STREAM_LIMIT).await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        let media_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((response.status().as_u16(), media_type.as_deref()), (200, Some("text/event-stream")));
        Events { response, unread: Vec::new() }
    }

    /// The same behind the frame of this id.
    ///
    /// # Panics
    /// When something else comes.
    pub async fn follow_from(self, id: &str) -> Events {
        self.header("last-event-id", id).follow().await
    }
}

impl Caller {
    /// Waits until so many events of the tenant are told. One that is written is held back while an older transaction is open anywhere on
    /// the server, a test's that has nothing to do with it, say.
    ///
    /// # Panics
    /// When fewer come.
    pub async fn until_told(&self, events: usize) {
        if events == 0 {
            return;
        }
        let mut told = self.get("/v1/orders/stream").follow_from("0-0").await;
        told.opened().await;
        for _ in 0..events {
            told.some().await;
        }
    }
}

impl Events {
    /// The next frame that says something; nothing at the end.
    ///
    /// # Panics
    /// When none comes in [`PATIENCE`], or the stream breaks off.
    pub async fn next(&mut self) -> Option<Frame> {
        timeout(PATIENCE, self.frame()).await.unwrap_or_else(|_| panic!("no frame in {PATIENCE:?}"))
    }

    /// The next frame, which there must be.
    ///
    /// # Panics
    /// When there is none.
    pub async fn some(&mut self) -> Frame {
        self.next().await.expect("the stream has ended")
    }

    /// The frame with which every stream begins: `open` or `resync`.
    ///
    /// # Panics
    /// When it begins otherwise.
    pub async fn opened(&mut self) -> Frame {
        let retry = self.some().await.retry;
        assert!((1_000..=2_000).contains(&retry.parse::<u64>().unwrap()), "{retry}");
        self.some().await
    }

    async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let text: Vec<u8> = self.unread.drain(..end + 2).collect();
                let frame = parse(std::str::from_utf8(&text).unwrap());
                if frame != Frame::default() {
                    return Some(frame);
                }
                continue;
            }
            match self.response.chunk().await.expect("the stream broke off") {
                Some(chunk) => self.unread.extend_from_slice(&chunk),
                None => {
                    assert!(self.unread.is_empty(), "half a frame: {:?}", self.unread);
                    return None;
                }
            }
        }
    }
}

fn parse(text: &str) -> Frame {
    let mut frame = Frame::default();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no field: {line}"));
        match name {
            "id" => value.clone_into(&mut frame.id),
            "event" => value.clone_into(&mut frame.event),
            "data" => frame.data.push_str(value),
            "retry" => value.clone_into(&mut frame.retry),
            other => panic!("{other} is no field of an event stream"),
        }
    }
    frame
}
