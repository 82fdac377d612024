//! The shipping partner: takes a `shipping.request` through its stages at a pace and cancels what has not left yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use shared::cloudevents::CloudEvent;
use tokio::sync::watch;

use crate::answer::{Line, answer, copies, has_prefix};
use crate::broker::consumer::{CommandError, Partner, Queue};
use crate::broker::{Publisher, SHIPPING_EVENTS};
use crate::recent::Recent;
use crate::reply::not_found;

/// The queue of this partner.
pub const QUEUE: Queue = Queue { name: "simulator.shipping", pattern: "shipping.*" };

/// The stages of a parcel, in the order a parcel takes them …
const STAGES: [&str; 4] = ["accepted", "packed", "shipped", "delivered"];
/// … of one that the courier loses …
const LOST_STAGES: [&str; 4] = ["accepted", "packed", "shipped", "delivery_failed"];
/// … and in the order a `SHUF-…` parcel tells of them.
const SHUFFLED_STAGES: [&str; 4] = ["shipped", "accepted", "delivered", "packed"];

/// The stage after which a `HELD-…` parcel stops.
const HELD_STAGE: &str = "accepted";

/// The partner.
#[derive(Debug)]
pub struct Shipping {
    publisher: Publisher,
    pace: Duration,
    /// What became of each parcel, by tenant and fulfilment; absent until one of the two is decided.
    fates: Mutex<Recent<Fate>>,
    /// Of each `HELD-…` parcel, by fulfilment alone: whether it is still held.
    held: Mutex<Recent<watch::Sender<bool>>>,
}

/// The two ends that exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Shipped,
    Cancelled,
}

/// The data of a request or, without lines, of a cancellation.
#[derive(Debug, Deserialize)]
struct Parcel {
    fulfillment_id: String,
    order_id: String,
    #[serde(default)]
    lines: Vec<Line>,
}

/// The partner's switch for tests.
pub fn router(shipping: Arc<Shipping>) -> Router {
    Router::new().route("/simulator/parcels/{fulfillment_id}/ship", post(let_go)).with_state(shipping)
}

async fn let_go(State(shipping): State<Arc<Shipping>>, Path(fulfillment_id): Path<String>) -> Response {
    if shipping.release(&fulfillment_id) { StatusCode::NO_CONTENT.into_response() } else { not_found("no parcel of this id is held") }
}

impl Partner for Shipping {
    async fn handle(&self, command: &CloudEvent) -> Result<(), CommandError> {
        let parcel: Parcel = command.data_as()?;
        match command.r#type.as_str() {
            "shipping.request.v1" => self.ship(command, &parcel).await,
            "shipping.cancel.v1" => self.cancel(command, &parcel).await,
            _ => Err(CommandError::UnknownType),
        }
    }
}

impl Shipping {
    /// A partner that answers through `publisher` and takes `pace` for each stage.
    #[must_use]
    pub fn new(publisher: Publisher, pace: Duration) -> Self {
        Self { publisher, pace, fates: Mutex::default(), held: Mutex::default() }
    }

    async fn ship(&self, command: &CloudEvent, parcel: &Parcel) -> Result<(), CommandError> {
        let stages = match () {
            () if has_prefix(&parcel.lines, "SHUF-") => SHUFFLED_STAGES,
            () if has_prefix(&parcel.lines, "LOST-") => LOST_STAGES,
            () => STAGES,
        };
        // Held before anybody hears of it, so that whoever has heard can let it go.
        let mut held = has_prefix(&parcel.lines, "HELD-").then(|| self.hold(&parcel.fulfillment_id));
        for stage in stages {
            tokio::time::sleep(self.pace).await;
            let fate = if stage == "shipped" { Some(self.decide(command, parcel, Fate::Shipped)) } else { self.fate(command, parcel) };
            if fate == Some(Fate::Cancelled) {
                return Ok(());
            }
            self.tell(command, parcel, stage).await?;
            if let (HELD_STAGE, Some(held)) = (stage, &mut held) {
                // The sender lives as long as it is remembered; a parcel that is forgotten goes on.
                let _ = held.wait_for(|held| !held).await;
            }
        }
        Ok(())
    }

    async fn cancel(&self, command: &CloudEvent, parcel: &Parcel) -> Result<(), CommandError> {
        match self.decide(command, parcel, Fate::Cancelled) {
            Fate::Cancelled => {
                self.release(&parcel.fulfillment_id);
                self.tell(command, parcel, "cancelled").await
            }
            Fate::Shipped => self.tell(command, parcel, "cancellation_rejected").await,
        }
    }

    async fn tell(&self, command: &CloudEvent, parcel: &Parcel, stage: &str) -> Result<(), CommandError> {
        let mut data = json!({
            "fulfillment_id": parcel.fulfillment_id,
            "order_id": parcel.order_id,
            "occurred_at": jiff::Timestamp::now().to_string(),
        });
        match stage {
            "shipped" => {
                let number = format!("SIM-{}", parcel.fulfillment_id);
                let url = format!("https://parcels.example/{number}");
                data["tracking"] = json!({ "carrier": "Simulated Parcel", "number": number, "url": url });
            }
            "delivery_failed" => data["reason"] = json!("the parcel was lost"),
            "cancellation_rejected" => data["reason"] = json!("the parcel has left"),
            _ => {}
        }
        let event = answer(command, "/shipping", &format!("shipment.{stage}.v1"), &data)?;
        for _ in 0..copies(&parcel.lines) {
            self.publisher.publish(SHIPPING_EVENTS, &event).await;
        }
        Ok(())
    }

    /// Holds a parcel, unless it was let go before: then this is its command's repetition.
    fn hold(&self, fulfillment_id: &str) -> watch::Receiver<bool> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get_or_insert_with(fulfillment_id, || watch::Sender::new(true)).subscribe()
    }

    /// Lets a held parcel go on; returns whether it was held until now.
    fn release(&self, fulfillment_id: &str) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(fulfillment_id).is_some_and(|held| held.send_if_modified(std::mem::take))
    }

    /// Decides a parcel's fate unless it was decided before; returns the one that holds.
    fn decide(&self, command: &CloudEvent, parcel: &Parcel, wanted: Fate) -> Fate {
        let name = name(command, parcel);
        let mut fates = self.fates();
        let held = fates.get(&name).copied();
        held.unwrap_or_else(|| {
            fates.insert(&name, wanted);
            wanted
        })
    }

    fn fate(&self, command: &CloudEvent, parcel: &Parcel) -> Option<Fate> {
        self.fates().get(&name(command, parcel)).copied()
    }

    fn fates(&self) -> MutexGuard<'_, Recent<Fate>> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(command: &CloudEvent, parcel: &Parcel) -> String {
    format!("{}/{}", command.tenantid.as_deref().unwrap_or_default(), parcel.fulfillment_id)
}
