//! The payment partner: operations over HTTP, outcomes as events and webhooks too.
//!
//! `operation` is the contract, `mood` how an operation may go, `books` what took effect, `register` what was asked and
//! answered, `notice` and `webhook` how it is told, `http` the endpoints of the contract, `switches` those for tests. What
//! a mood does in time is here.

mod books;
mod http;
mod mood;
mod notice;
mod operation;
mod register;
mod switches;
mod webhook;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

pub use http::router;
pub use mood::Mood;
pub use operation::{Failure, Kind, Operation, Request, Status};
pub use webhook::Webhooks;

use crate::broker::{PAYMENT_EVENTS, Publisher};
use crate::config::Config;
use crate::log;
use crate::recent::Recent;
use notice::Notice;
use register::Register;

/// How long `tok_slow` takes to answer: shorter than the caller's deadline of 3 s.
const SLOW: Duration = Duration::from_secs(2);
/// How long `tok_timeout`, `tok_never` and `tok_lost` keep a caller waiting: longer than any deadline.
const TIMEOUT: Duration = Duration::from_secs(12);
/// When `tok_silent` sends its event, and `tok_webhook` its webhook.
const SILENT: Duration = Duration::from_millis(300);
/// How long `tok_event_first` waits for the broker before it answers all the same.
const EVENT_FIRST_PATIENCE: Duration = Duration::from_secs(2);

/// The partner and everything it remembers.
#[derive(Debug)]
pub struct Payments {
    key_id: String,
    secret: String,
    publisher: Publisher,
    /// Where webhooks go; nowhere, as long as nobody has said.
    webhooks: Mutex<Option<Webhooks>>,
    register: Mutex<Register>,
    nonces: Mutex<Recent<()>>,
}

/// An operation that has come to stand somewhere, while it is being told.
struct Told {
    operation: Operation,
    telling: JoinHandle<()>,
}

impl Payments {
    /// A partner that serves on `port` and tells of outcomes through `publisher`.
    #[must_use]
    pub fn new(config: &Config, port: u16, publisher: Publisher) -> Self {
        Self {
            key_id: config.key_id.clone(),
            secret: config.secret.clone(),
            publisher,
            webhooks: Mutex::new(config.webhooks.clone()),
            register: Mutex::new(Register::new(config.mood, format!("http://127.0.0.1:{port}"))),
            nonces: Mutex::default(),
        }
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn webhooks(&self) -> MutexGuard<'_, Option<Webhooks>> {
        self.webhooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries a new operation out as its mood wants; ends when the POST may be answered.
    async fn carry_out(self: Arc<Self>, id: String, mood: Mood) {
        match mood {
            Mood::Never | Mood::Late => return,
            Mood::Silent | Mood::Webhook => {
                tokio::spawn(async move {
                    tokio::time::sleep(SILENT).await;
                    self.settle(&id, Status::Pending);
                });
                return;
            }
            Mood::Slow => tokio::time::sleep(SLOW).await,
            _ => {}
        }
        // Nothing is settled when a switch was faster.
        let told = self.settle(&id, Status::Pending);
        if let (Mood::EventFirst, Some(told)) = (mood, told) {
            // A broker that is away must not turn this mood into a timeout; the event then comes late.
            let _ = tokio::time::timeout(EVENT_FIRST_PATIENCE, told.telling).await;
        }
    }

    /// Ends an operation that stands at `from` and begins to tell of it; `None` when none of this id stands there.
    fn settle(&self, id: &str, from: Status) -> Option<Told> {
        let record = self.register().settle(id, from)?;
        Some(self.tell(record.mood, Notice::of_outcome(&record)?))
    }

    /// Undoes the success of an operation of this kind and begins to tell of it; `None` when there is nothing to undo.
    fn withdraw(&self, id: &str, kind: Kind) -> Option<Told> {
        let record = self.register().withdraw(id, kind)?;
        Some(self.tell(record.mood, Notice::of_withdrawal(&record)?))
    }

    /// Begins to tell, by each road as often as the mood wants. The telling ends when the events are confirmed; webhooks
    /// take their time.
    fn tell(&self, mood: Mood, notice: Notice) -> Told {
        let tellings = mood.tellings();
        for _ in 0..tellings.webhooks {
            self.send_webhook(&notice);
        }
        let (operation, publisher) = (notice.operation.clone(), self.publisher.clone());
        let telling = tokio::spawn(async move {
            let Some(event) = notice.event() else { return };
            for _ in 0..tellings.events {
                publisher.publish(PAYMENT_EVENTS, &event).await;
            }
        });
        Told { operation, telling }
    }

    fn send_webhook(&self, notice: &Notice) {
        let Some(webhooks) = self.webhooks().clone() else {
            return log::line("warn", "a webhook has nowhere to go", &[]);
        };
        let message = notice.webhook();
        tokio::spawn(async move { webhooks.deliver(&message).await });
    }
}
