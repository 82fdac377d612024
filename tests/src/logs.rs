//! What a process said: its log lines as JSON, to be searched and waited for.

use serde_json::Value;
use tokio::sync::watch;

use super::PATIENCE;

/// The log of one process, growing while it runs.
#[derive(Debug, Clone)]
pub struct Logs {
    lines: watch::Receiver<Vec<Value>>,
}

impl Logs {
    /// A log, and the end at which lines come in.
    pub(crate) fn new() -> (watch::Sender<Vec<Value>>, Self) {
        let (sender, lines) = watch::channel(Vec::new());
        (sender, Self { lines })
    }

    /// Every line so far. A line that is not JSON is a JSON string.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.lines.borrow().clone()
    }

    /// The whole log as text, for searching what must not be in it.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.borrow().iter().map(|line| format!("{line}\n")).collect()
    }

    /// Every line with this `message`.
    #[must_use]
    pub fn with_message(&self, message: &str) -> Vec<Value> {
        self.lines.borrow().iter().filter(|line| line["message"] == message).cloned().collect()
    }

    /// The first line that fits, as soon as there is one; `None` when the process ended without it.
    ///
    /// # Panics
    /// When the line does not come in [`PATIENCE`].
    pub async fn find(&self, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut lines = self.lines.clone();
        let waited = tokio::time::timeout(PATIENCE, lines.wait_for(|lines| lines.iter().any(&fits))).await;
        let found = waited.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for a log line; there are:\n{}", self.text()));
        found.ok()?.iter().find(|line| fits(line)).cloned()
    }
}
