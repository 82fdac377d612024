//! The inventory partner: answers `inventory.reserve`, `commit` and `release` commands with events. Its shelves are
//! never empty, except for `OUT-…`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use shared::cloudevents::CloudEvent;

use crate::answer::{Line, answer, copies, has_prefix};
use crate::broker::consumer::{CommandError, Partner, Queue};
use crate::broker::{INVENTORY_EVENTS, Publisher};

/// The queue of this partner.
pub const QUEUE: Queue = Queue { name: "simulator.inventory", pattern: "inventory.*" };

/// How long an answer about `SLOW-…` takes: longer than a customer likes to wait.
const SLOW: Duration = Duration::from_secs(1);

/// How long an answer about `LATE-…` takes: longer than anybody waits.
const LATE: Duration = Duration::from_secs(5);

/// The partner.
#[derive(Debug)]
pub struct Inventory {
    publisher: Publisher,
}

/// The data of every inventory command.
#[derive(Debug, Deserialize)]
struct Reservation {
    reservation_id: String,
    order_id: String,
    #[serde(default)]
    lines: Vec<Line>,
}

impl Inventory {
    /// A partner that answers through `publisher`.
    #[must_use]
    pub fn new(publisher: Publisher) -> Self {
        Self { publisher }
    }
}

impl Partner for Inventory {
    async fn handle(&self, command: &CloudEvent) -> Result<(), CommandError> {
        let reservation: Reservation = command.data_as()?;
        tokio::time::sleep(delay(&reservation.lines)).await;
        let event = decide(command, &reservation)?;
        for _ in 0..copies(&reservation.lines) {
            self.publisher.publish(INVENTORY_EVENTS, &event).await;
        }
        Ok(())
    }
}

fn delay(lines: &[Line]) -> Duration {
    match () {
        () if has_prefix(lines, "LATE-") => LATE,
        () if has_prefix(lines, "SLOW-") => SLOW,
        () => Duration::ZERO,
    }
}

fn decide(command: &CloudEvent, reservation: &Reservation) -> Result<CloudEvent, CommandError> {
    let Reservation { reservation_id, order_id, lines } = reservation;
    let missing: Vec<_> = lines.iter().filter(|line| line.sku.starts_with("OUT-")).collect();
    let r#type = match command.r#type.as_str() {
        "inventory.reserve.v1" if !missing.is_empty() => {
            let missing: Vec<_> = missing.iter().map(|l| json!({ "sku": l.sku, "available": 0 })).collect();
            let data = json!({ "reservation_id": reservation_id, "order_id": order_id, "lines": missing });
            return Ok(answer(command, "/inventory", "inventory.rejected.v1", &data)?);
        }
        "inventory.reserve.v1" => "inventory.reserved.v1",
        "inventory.commit.v1" => "inventory.committed.v1",
        "inventory.release.v1" => "inventory.released.v1",
        _ => return Err(CommandError::UnknownType),
    };
    Ok(answer(command, "/inventory", r#type, &json!({ "reservation_id": reservation_id, "order_id": order_id }))?)
}
