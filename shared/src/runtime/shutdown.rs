//! Stopping in order: one token that everything in the process watches.

use std::{io, process, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Time to finish what is under way after a stop was asked for. What takes longer is cut, and said to be.
pub(super) const DRAIN_LIMIT: Duration = Duration::from_secs(9);
/// Time to close connections after that: together ten seconds, within every platform's patience.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// Exit status after a second SIGINT, when nothing is waited for.
const IMPATIENT_EXIT: i32 = 1;

/// Says when to stop. Cheap to clone; once asked for, a stop is never taken back.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// A token and what triggers it: `send(true)`, or dropping the sender.
    pub fn channel() -> (watch::Sender<bool>, Self) {
        let (trigger, receiver) = watch::channel(false);
        (trigger, Self(receiver))
    }

    /// Triggered by SIGTERM or SIGINT. A second SIGINT ends the process at once: a person at a terminal is impatient, while a supervisor
    /// may well repeat SIGTERM, or send it beside the terminal's SIGINT.
    ///
    /// # Errors
    /// When the signals cannot be watched.
    pub(super) fn on_signals() -> io::Result<Self> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (trigger, shutdown) = Self::channel();
        tokio::spawn(async move {
            let mut interrupts = 0;
            while interrupts < 2 {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => {
                        interrupts += 1;
                        "SIGINT"
                    }
                };
                if !trigger.send_replace(true) {
                    tracing::info!(process.signal = name, "stopping: finishing what is under way");
                }
            }
            tracing::warn!("stopped at once by a second SIGINT");
            process::exit(IMPATIENT_EXIT);
        });
        Ok(shutdown)
    }

    /// Waits until a stop is asked for. Cancel-safe.
    pub async fn requested(&self) {
        // An error means that the trigger is gone: nobody could ever ask again, so that counts as asking.
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }

    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// The bare channel, for rooms that must not know this one.
    pub fn receiver(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_learns_of_a_stop_also_when_nobody_is_left_to_ask_for_one() {
        let (trigger, shutdown) = Shutdown::channel();
        let clone = shutdown.clone();
        assert!(!clone.is_requested());
        trigger.send_replace(true);
        clone.requested().await;
        assert!(clone.is_requested() && shutdown.is_requested());

        let (trigger, orphan) = Shutdown::channel();
        drop(trigger);
        orphan.requested().await;
        assert!(orphan.is_requested());
    }
}
