//! The payment partner: operations over HTTP, outcomes as events too.
//!
//! `operation` is the contract, `mood` how an operation may go, `register`
//! what was asked and answered, `http` the endpoints. What a mood does in time is here.

mod http;
mod mood;
mod operation;
mod register;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::cloudevents::CloudEvent;

pub use http::router;
pub use mood::Mood;
pub use operation::{Kind, Operation, Request, Status};

use crate::broker::{PAYMENT_EVENTS, Publisher};
use crate::config::Config;
use crate::recent::Recent;
use register::Register;

/// How long `tok_slow` takes to answer: shorter than the caller's deadline of 3 s.
const SLOW: Duration = Duration::from_secs(2);
/// How long `tok_timeout` keeps a caller waiting: longer than any deadline.
const TIMEOUT: Duration = Duration::from_secs(12);
/// When `tok_silent` sends its event.
const SILENT: Duration = Duration::from_millis(300);
/// How long `tok_event_first` waits for the broker before it answers all the same.
const EVENT_FIRST_PATIENCE: Duration = Duration::from_secs(2);
/// How often `tok_duplicate` sends its event.
const DUPLICATES: usize = 3;

/// The partner and everything it remembers.
#[derive(Debug)]
pub struct Payments {
    key_id: String,
    secret: String,
    /// The start of the addresses it hands out, without a final slash.
    public_url: String,
    publisher: Publisher,
    register: Mutex<Register>,
    nonces: Mutex<Recent<()>>,
}

impl Payments {
    /// A partner that serves on `port` and tells of outcomes through `publisher`.
    #[must_use]
    pub fn new(config: &Config, port: u16, publisher: Publisher) -> Self {
        Self {
            key_id: config.key_id.clone(),
            secret: config.secret.clone(),
            public_url: format!("http://127.0.0.1:{port}"),
            publisher,
            register: Mutex::new(Register::new(config.mood)),
            nonces: Mutex::default(),
        }
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries a new operation out as its mood wants and returns what the POST answers, when it answers.
    async fn carry_out(self: Arc<Self>, request: Request, mood: Mood) -> Operation {
        let pending = request.pending();
        match mood {
            Mood::Slow => tokio::time::sleep(SLOW).await,
            Mood::Silent => {
                tokio::spawn(async move {
                    tokio::time::sleep(SILENT).await;
                    let operation = self.settle(&request, mood);
                    self.tell(&request, &operation).await;
                });
                return pending;
            }
            _ => {}
        }
        let operation = self.settle(&request, mood);
        if mood == Mood::Mute {
            return pending;
        }
        let told = operation.clone();
        let copies = if mood == Mood::Duplicate { DUPLICATES } else { 1 };
        let telling = tokio::spawn(async move {
            for _ in 0..copies {
                self.tell(&request, &told).await;
            }
        });
        match mood {
            // A broker that is away must not turn this mood into a timeout; the event then comes late.
            Mood::EventFirst => drop(tokio::time::timeout(EVENT_FIRST_PATIENCE, telling).await),
            Mood::Timeout => tokio::time::sleep(TIMEOUT).await,
            _ => {}
        }
        operation
    }

    /// Ends an operation as its mood wants.
    fn settle(&self, request: &Request, mood: Mood) -> Operation {
        let operation = request.outcome(mood, &self.public_url);
        self.register().answer(operation.clone());
        operation
    }

    /// Tells of an operation on the exchange, once.
    async fn tell(&self, request: &Request, operation: &Operation) {
        if let Some(event) = event(request, operation) {
            self.publisher.publish(PAYMENT_EVENTS, &event).await;
        }
    }
}

/// The event of an operation that has left `pending`; sent again, it has the same id.
fn event(request: &Request, operation: &Operation) -> Option<CloudEvent> {
    let r#type = operation.event_type()?;
    Some(CloudEvent {
        id: format!("{}-{}", operation.id, r#type.replace('.', "-")),
        source: "/payments".to_owned(),
        r#type: r#type.to_owned(),
        subject: Some(request.order_id.clone()),
        time: Some(operation.occurred_at.clone()),
        tenantid: Some(request.tenant_id.clone()),
        extensions: std::collections::BTreeMap::new(),
        // Text and integers always serialise.
        data: serde_json::value::to_raw_value(operation).ok()?,
    })
}
