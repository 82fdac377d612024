//! The inventory partner, and what all partners on the broker share: repetition, nonsense, broken connections.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use simulators::broker::{INVENTORY_EVENTS, Publisher};
use simulators::inventory::Inventory;

use crate::service::{Road, Service, lines};

fn inventory(publisher: Publisher) -> Arc<Inventory> {
    Arc::new(Inventory::new(publisher))
}

fn reservation(skus: &[&str]) -> Value {
    json!({ "reservation_id": "ord_1:1", "order_id": "ord_1", "lines": lines(skus) })
}

#[tokio::test]
async fn inventory_answers_each_command_with_its_event() {
    let mut service = Service::start(INVENTORY_EVENTS, inventory).await;
    for (r#type, expected) in [
        ("inventory.reserve.v1", "inventory.reserved.v1"),
        ("inventory.commit.v1", "inventory.committed.v1"),
        // Stock that was committed comes back too, and whoever asks for it again is told again.
        ("inventory.release.v1", "inventory.released.v1"),
        ("inventory.release.v1", "inventory.released.v1"),
    ] {
        let command = service.command(r#type, reservation(&["MUG-1"])).await;
        let (answered, event) = service.answer().await;
        assert_eq!(answered, expected);
        assert_eq!(event.extension_text("causationid"), Some(command.id.as_str()));
        assert_eq!(event.extension_text("correlationid"), Some("req_1"));
        assert_eq!(event.data_as::<Value>().unwrap(), json!({ "reservation_id": "ord_1:1", "order_id": "ord_1" }));
    }
    service.command("inventory.reserve.v1", reservation(&["MUG-1", "OUT-1"])).await;
    let (answered, event) = service.answer().await;
    assert_eq!(answered, "inventory.rejected.v1");
    let missing = &event.data_as::<Value>().unwrap()["lines"];
    assert_eq!(*missing, json!([{ "sku": "OUT-1", "available": 0 }]));
    service.stop().await;
}

#[tokio::test]
async fn inventory_answers_a_repeated_command_once_and_survives_nonsense() {
    let mut service = Service::start(INVENTORY_EVENTS, inventory).await;
    service.command("inventory.steal.v1", json!({})).await;
    service.command("inventory.reserve.v1", json!([])).await;
    let command = service.command("inventory.reserve.v1", reservation(&["DUP-1"])).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(service.answer().await.1.id);
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    // Once another command is answered, the first one's confirms have all come in and its repetition is recognised.
    service.command("inventory.commit.v1", reservation(&[])).await;
    service.answer().await;
    service.send(&command).await;
    service.command("inventory.release.v1", reservation(&["SLOW-1"])).await;
    assert_eq!(service.answer().await.0, "inventory.released.v1");
    service.stop().await;
}

#[tokio::test]
async fn a_partner_whose_connections_break_comes_back_and_loses_nothing() {
    let road = Road::open().await;
    let mut service = Service::start_through(road.url.clone(), INVENTORY_EVENTS, inventory).await;
    for round in 0..3 {
        // The answer is due a second after the cut: it needs a new connection, and the command is delivered again.
        service.command("inventory.reserve.v1", reservation(&["SLOW-1"])).await;
        road.cut.send(()).unwrap();
        let command = service.command("inventory.commit.v1", reservation(&[])).await;
        let mut open = HashSet::from(["inventory.reserved.v1".to_owned(), "inventory.committed.v1".to_owned()]);
        while !open.is_empty() {
            let (answered, event) = service.answer().await;
            if answered == "inventory.reserved.v1" || event.extension_text("causationid") == Some(&command.id) {
                open.remove(&answered);
            }
        }
        assert!(!service.supervisor.is_finished(), "round {round}");
    }
    service.stop().await;
}
