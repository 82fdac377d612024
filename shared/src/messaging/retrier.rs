//! Deferred messages, tried again through the very functions that refused them.

use std::{collections::BTreeMap, time::Duration};

use super::settler::{Settler, Untried};
use crate::db::deferred_messages::DueMessage;

/// The consumers of a process, by their names.
#[derive(Clone)]
pub(crate) struct Retrier {
    settlers: BTreeMap<&'static str, Settler>,
}

impl Retrier {
    /// Tries messages again through these consumers.
    pub(crate) fn new(settlers: Vec<Settler>) -> Self {
        Self { settlers: settlers.into_iter().map(|settler| (settler.spec().name, settler)).collect() }
    }

    /// The consumers whose messages it tries.
    pub(crate) fn consumers(&self) -> Vec<&'static str> {
        self.settlers.keys().copied().collect()
    }

    /// Tries one message again and says in a word what it came to: `done`, `retry`, `park`, `dead` or `store_away`. One whose consumer is
    /// not among ours was deferred by another release of the service: it is `skipped`, and due again when its lease is over.
    ///
    /// # Errors
    /// [`Untried`] when nothing came of it.
    pub(crate) async fn retry(&self, message: &DueMessage) -> Result<&'static str, Untried> {
        match self.settlers.get(message.consumer.as_str()) {
            Some(settler) => settler.settle_again(message, Duration::MAX).await,
            None => Ok("skipped"),
        }
    }
}
