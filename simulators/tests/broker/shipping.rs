//! The shipping partner: stages, cancellations, and parcels that wait for the test.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use simulators::broker::{Publisher, SHIPPING_EVENTS};
use simulators::shipping::{Shipping, router};

use crate::service::{Service, lines};

/// The partner at a pace in milliseconds.
fn shipping(pace_ms: u64) -> impl FnOnce(Publisher) -> Arc<Shipping> {
    move |publisher| Arc::new(Shipping::new(publisher, Duration::from_millis(pace_ms)))
}

/// The partner without a pause, and the address of its switch for a parcel.
async fn start_with_switch() -> (Service, impl Fn(&str) -> String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Service::start(SHIPPING_EVENTS, |publisher| {
        let shipping = shipping(0)(publisher);
        tokio::spawn(axum::serve(listener, router(Arc::clone(&shipping))).into_future());
        shipping
    });
    (service.await, move |id| format!("http://{address}/simulator/parcels/{id}/ship"))
}

async fn post(url: String) -> u16 {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new().post(url).send().await.unwrap().status().as_u16()
}

/// Sends a parcel through all its stages, and sees that nothing else is told meanwhile.
async fn only_parcel(service: &mut Service, id: &str, sku: &str, stages: &[&str]) {
    service.command("shipping.request.v1", parcel(id, &[sku])).await;
    for stage in stages {
        let (answered, event) = service.answer().await;
        assert_eq!((answered, &event.data_as::<Value>().unwrap()["fulfillment_id"]), (format!("shipment.{stage}.v1"), &json!(id)));
    }
}

fn parcel(id: &str, skus: &[&str]) -> Value {
    json!({ "fulfillment_id": id, "order_id": "ord_1", "lines": lines(skus), "address": { "name": "A", "country": "DE" } })
}

#[tokio::test]
async fn a_parcel_takes_its_stages_in_order_or_shuffled_when_asked() {
    let mut service = Service::start(SHIPPING_EVENTS, shipping(1)).await;
    service.command("shipping.request.v1", parcel("ful_1", &["MUG-1"])).await;
    let stages = ["accepted", "packed", "shipped", "delivered"];
    for stage in stages {
        let (answered, event) = service.answer().await;
        assert_eq!(answered, format!("shipment.{stage}.v1"));
        assert_eq!(event.data_as::<Value>().unwrap()["tracking"].is_object(), stage == "shipped");
    }
    service.command("shipping.request.v1", parcel("ful_2", &["SHUF-1"])).await;
    let shuffled = service.answer_types(stages.len()).await;
    let in_order = stages.map(|stage| format!("shipment.{stage}.v1"));
    assert_ne!(shuffled, in_order);
    assert_eq!(BTreeSet::from_iter(&shuffled), BTreeSet::from_iter(&in_order));
    service.command("shipping.cancel.v1", parcel("ful_1", &[])).await;
    assert_eq!(service.answer().await.0, "shipment.cancellation_rejected.v1");
    service.stop().await;
}

#[tokio::test]
async fn a_parcel_that_was_cancelled_never_leaves() {
    let mut service = Service::start(SHIPPING_EVENTS, shipping(1_000)).await;
    service.command("shipping.request.v1", parcel("ful_1", &["MUG-1"])).await;
    assert_eq!(service.answer().await.0, "shipment.accepted.v1");
    service.command("shipping.cancel.v1", parcel("ful_1", &[])).await;
    assert_eq!(service.answer().await.0, "shipment.cancelled.v1");
    // The cancelled one says nothing more.
    only_parcel(&mut service, "ful_2", "LOST-1", &["accepted", "packed", "shipped", "delivery_failed"]).await;
    service.stop().await;
}

#[tokio::test]
async fn a_held_parcel_stops_after_accepted_until_it_is_let_go() {
    let (mut service, switch) = start_with_switch().await;
    assert_eq!(post(switch("ful_1")).await, 404, "nobody has heard of it");
    only_parcel(&mut service, "ful_1", "HELD-1", &["accepted"]).await;
    only_parcel(&mut service, "ful_2", "MUG-1", &["accepted", "packed", "shipped", "delivered"]).await;
    assert_eq!(post(switch("ful_2")).await, 404, "it was never held");
    assert_eq!(post(switch("ful_1")).await, 204);
    let rest = ["packed", "shipped", "delivered"].map(|stage| format!("shipment.{stage}.v1"));
    assert_eq!(service.answer_types(rest.len()).await, rest);
    assert_eq!(post(switch("ful_1")).await, 404, "it is let go once");
    service.stop().await;
}

#[tokio::test]
async fn a_held_parcel_that_is_cancelled_goes_nowhere() {
    let (mut service, switch) = start_with_switch().await;
    only_parcel(&mut service, "ful_1", "HELD-1", &["accepted"]).await;
    service.command("shipping.cancel.v1", parcel("ful_1", &[])).await;
    assert_eq!(service.answer().await.0, "shipment.cancelled.v1");
    assert_eq!(post(switch("ful_1")).await, 404);
    only_parcel(&mut service, "ful_2", "MUG-1", &["accepted", "packed", "shipped", "delivered"]).await;
    service.stop().await;
}
