//! The frames of `text/event-stream` (WHATWG HTML, "Server-sent events"): our four kinds, and nothing about when they are sent.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::domain::position::Position;

/// A comment, which readers pass over: it says that the stream lives.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// What a frame says of the stream itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The first frame: what is told begins behind its position.
    Open,
    /// The first frame, too: what lies between the caller's position and this one may be lost.
    Resync,
    /// The last frame: whoever comes back with its position misses nothing.
    Close,
}

impl Word {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resync => "resync",
            Self::Close => "close",
        }
    }
}

/// An event: its type, its position as `id`, its bytes as they were published.
pub(super) fn event(kind: &str, position: Position, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(body.len() + kind.len() + 64);
    frame.put_slice(format!("id: {position}\nevent: {kind}\n").as_bytes());
    // JSON has no line break but between its tokens, and we write none there. One would be another line of the same data.
    for line in body.split(|byte| matches!(byte, b'\n' | b'\r')) {
        frame.put_slice(b"data: ");
        frame.put_slice(line);
        frame.put_u8(b'\n');
    }
    frame.put_u8(b'\n');
    frame.freeze()
}

/// A word about the stream. It has data because a frame without would not reach a listener.
pub(super) fn word(word: Word, position: Position) -> Bytes {
    format!("id: {position}\nevent: {}\ndata: {{\"position\":\"{position}\"}}\n\n", word.as_str()).into()
}

/// How long a reader waits before it comes back.
pub(super) fn retry(pause: Duration) -> Bytes {
    format!("retry: {}\n\n", pause.as_millis()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Position = Position { tx: 731, seq: 42 };

    #[test]
    fn frames_are_as_browsers_read_them() {
        assert_eq!(event("order.paid.v1", AT, br#"{"id":"evt_1"}"#), "id: 731-42\nevent: order.paid.v1\ndata: {\"id\":\"evt_1\"}\n\n");
        assert_eq!(event("a.v1", AT, b"{\n}"), "id: 731-42\nevent: a.v1\ndata: {\ndata: }\n\n");
        assert_eq!(word(Word::Resync, AT), "id: 731-42\nevent: resync\ndata: {\"position\":\"731-42\"}\n\n");
        assert_eq!(retry(Duration::from_millis(1_250)), "retry: 1250\n\n");
    }
}
