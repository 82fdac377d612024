//! What was asked of the partner and how each operation stands: the memory behind its idempotency. No IO and no waiting.

use serde::Serialize;

use super::{Mood, Operation, Request, Status};
use crate::recent::Recent;

/// How many attempts `tok_error` refuses before it gives in.
const REFUSED_ATTEMPTS: u32 = 2;

/// All operations, and the mood of those whose token leaves it open.
#[derive(Debug)]
pub(super) struct Register {
    pub mood: Mood,
    records: Recent<Record>,
}

/// One operation.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub request: Request,
    pub mood: Mood,
    /// How often it was POSTed.
    pub posts: u32,
    /// How it stands; absent while every attempt was refused.
    pub operation: Option<Operation>,
}

/// What a POST comes to.
#[derive(Debug)]
pub(super) enum Posted {
    /// Nobody asked before: carry it out.
    New(Mood),
    /// Asked before, in the same words: how it stands.
    Known(Mood, Box<Operation>),
    /// Asked before, in other words.
    Conflict,
    /// Not now.
    Unavailable,
}

impl Register {
    pub fn new(mood: Mood) -> Self {
        Self { mood, records: Recent::default() }
    }

    /// Notes one POST and decides what it comes to; a new operation is pending from then on.
    pub fn post(&mut self, request: &Request) -> Posted {
        if self.records.get(&request.id).is_none() {
            let mood = Mood::of_token(request.token.as_deref()).unwrap_or(self.mood);
            self.records.insert(&request.id, Record { request: request.clone(), mood, posts: 0, operation: None });
        }
        let Some(record) = self.records.get_mut(&request.id) else { return Posted::Unavailable };
        record.posts += 1;
        if record.request != *request {
            return Posted::Conflict;
        }
        match &record.operation {
            Some(operation) => Posted::Known(record.mood, Box::new(operation.clone())),
            None if record.mood == Mood::Error && record.posts <= REFUSED_ATTEMPTS => Posted::Unavailable,
            None => {
                record.operation = Some(request.pending());
                Posted::New(record.mood)
            }
        }
    }

    /// How an operation stands; `None` when it was never accepted.
    pub fn get(&self, id: &str) -> Option<Operation> {
        self.records.get(id)?.operation.clone()
    }

    /// Notes how an operation ended.
    pub fn answer(&mut self, operation: Operation) {
        if let Some(record) = self.records.get_mut(&operation.id) {
            record.operation = Some(operation);
        }
    }

    /// Completes what waits for the customer; `None` when nothing of this id waits.
    pub fn complete(&mut self, id: &str) -> Option<(Request, Operation)> {
        let record = self.records.get_mut(id)?;
        if record.operation.as_ref()?.status != Status::RequiresAction {
            return None;
        }
        let operation = Operation { status: Status::Succeeded, ..record.request.pending() };
        record.operation = Some(operation.clone());
        Some((record.request.clone(), operation))
    }

    /// Everything that was asked, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.records.iter().cloned().collect()
    }
}
