//! An answer that is made while it is sent: a task hands over piece by piece, and waits while the caller takes his time.

use bytes::Bytes;
use futures_util::stream;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use crate::http::{Reply, reply::BrokenOff};

/// What is handed over.
enum Piece {
    Next(Bytes),
    End,
}

/// Why nobody takes pieces any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The caller hung up.
    HungUp,
    /// The caller did not take them in time.
    TooSlow,
}

/// Where whoever makes the answer hands it over. Dropped before its [`finish`](Self::finish), by a failure or a panic, it breaks the
/// answer off: the caller's connection is closed in the middle of the body, and what he got cannot be taken for everything.
pub(super) struct Pieces(mpsc::Sender<Piece>);

/// An answer and where to make it; so many pieces at most wait for a caller who reads slowly, and then whoever makes them waits too.
pub(super) fn answer(media_type: &'static str, waiting_max: usize) -> (Pieces, Reply) {
    let (sender, receiver) = mpsc::channel(waiting_max);
    let pieces = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::Next(piece)) => Some((Ok(piece), Some(receiver))),
            Some(Piece::End) => None,
            None => Some((Err(BrokenOff), None)),
        }
    });
    (Pieces(sender), Reply::breakable_stream(media_type, pieces))
}

impl Pieces {
    /// Hands over the next piece, and waits until there is room for it, but not beyond `until`.
    pub(super) async fn send(&self, piece: Bytes, until: Instant) -> Result<(), Gone> {
        self.hand_over(Piece::Next(piece), until).await
    }

    /// Says that this was all.
    pub(super) async fn finish(self, until: Instant) -> Result<(), Gone> {
        self.hand_over(Piece::End, until).await
    }

    async fn hand_over(&self, piece: Piece, until: Instant) -> Result<(), Gone> {
        match timeout_at(until, self.0.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone::HungUp),
            Err(_) => Err(Gone::TooSlow),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::{BodyExt, Collected};

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test]
    async fn an_answer_is_whole_only_when_its_maker_says_so() {
        for finished in [true, false] {
            let (pieces, reply) = answer("text/plain", 2);
            tokio::spawn(async move {
                pieces.send("a".into(), soon()).await.unwrap();
                pieces.send("b".into(), soon()).await.unwrap();
                if finished {
                    pieces.finish(soon()).await.unwrap();
                }
            });
            let body = reply.into_response().into_body().collect().await;
            assert_eq!(body.ok().map(Collected::to_bytes), finished.then(|| "ab".into()));
        }
    }

    #[tokio::test]
    async fn a_maker_learns_that_nobody_reads() {
        let (pieces, reply) = answer("text/plain", 1);
        pieces.send("a".into(), soon()).await.unwrap();
        assert_eq!(pieces.send("b".into(), Instant::now()).await, Err(Gone::TooSlow));
        drop(reply);
        assert_eq!(pieces.send("b".into(), soon()).await, Err(Gone::HungUp));
    }
}
