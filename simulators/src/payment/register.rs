//! What was asked of the partner and how each operation stands: the memory behind its idempotency. No IO and no waiting.

use serde::Serialize;

use super::books::{BookView, Books};
use super::{Kind, Mood, Operation, Request, Status};
use crate::recent::Recent;

/// How many attempts `tok_error` refuses before it gives in.
const REFUSED_ATTEMPTS: u32 = 2;

/// All operations, the books that they are entered in, and the mood of payments whose token leaves it open.
#[derive(Debug)]
pub(super) struct Register {
    pub mood: Mood,
    /// The start of the addresses that customers are sent to, without a final slash.
    public_url: String,
    books: Books,
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
    /// How it stands; absent while every attempt was refused or lost.
    pub operation: Option<Operation>,
    /// Whether a GET has asked for it.
    pub asked: bool,
    /// Whether its success was undone: expired or reversed.
    pub withdrawn: bool,
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
    /// It never arrived.
    Lost,
}

impl Register {
    pub fn new(mood: Mood, public_url: String) -> Self {
        Self { mood, public_url, books: Books::default(), records: Recent::default() }
    }

    /// Notes one POST and decides what it comes to; a new operation is pending from then on.
    pub fn post(&mut self, request: &Request) -> Posted {
        let Self { mood, books, records, .. } = self;
        let record = records.get_or_insert_with(&request.id, || {
            let mood = books.of(request).mood(request.token.as_deref()).unwrap_or(*mood);
            Record { request: request.clone(), mood, posts: 0, operation: None, asked: false, withdrawn: false }
        });
        record.posts += 1;
        if record.request != *request {
            return Posted::Conflict;
        }
        match (&record.operation, record.mood) {
            (Some(operation), mood) => Posted::Known(mood, Box::new(operation.clone())),
            (None, Mood::Error) if record.posts <= REFUSED_ATTEMPTS => Posted::Unavailable,
            (None, Mood::Lost) if !record.asked => Posted::Lost,
            (None, mood) => {
                record.operation = Some(request.pending());
                books.of(request).accept(request.kind);
                Posted::New(mood)
            }
        }
    }

    /// How an operation stands, for somebody who asks; `None` when it was never accepted.
    pub fn ask(&mut self, id: &str) -> Option<Operation> {
        let record = self.records.get_mut(id)?;
        record.asked = true;
        record.operation.clone()
    }

    /// Ends an operation that stands at `from`, as its mood and the books want; `None` when none of this id stands there.
    ///
    /// A pending one may come to wait for the customer instead; from there it ends for good.
    pub fn settle(&mut self, id: &str, from: Status) -> Option<Record> {
        let record = self.records.get_mut(id)?;
        if record.operation.as_ref()?.status != from {
            return None;
        }
        let book = self.books.of(&record.request);
        let request = &record.request;
        record.operation = Some(if from == Status::Pending && record.mood == Mood::Action && book.asks_customer(request.kind) {
            request.waiting(format!("{}/simulator/actions/{id}", self.public_url))
        } else {
            match book.carry_out(request, record.mood) {
                Ok(amount) => request.succeeded(amount),
                Err(failure) => request.failed(failure),
            }
        });
        Some(record.clone())
    }

    /// Undoes the success of an operation of this kind, once: an authorization expires, a refund is reversed. `None` when
    /// there is nothing of this id to undo.
    pub fn withdraw(&mut self, id: &str, kind: Kind) -> Option<Record> {
        let record = self.records.get_mut(id)?;
        let operation = record.operation.as_ref()?;
        let stands = operation.kind == kind && operation.status == Status::Succeeded && !record.withdrawn;
        if !stands || !self.books.of(&record.request).withdraw(kind, operation.amount) {
            return None;
        }
        record.withdrawn = true;
        Some(record.clone())
    }

    /// One operation, as it was asked for and as it stands.
    pub fn record(&self, id: &str) -> Option<&Record> {
        self.records.get(id)
    }

    /// Everything that was asked, oldest first.
    pub fn records(&self) -> Vec<&Record> {
        self.records.iter().collect()
    }

    /// The books of every payment.
    pub fn books(&self) -> Vec<BookView<'_>> {
        self.books.views()
    }
}
