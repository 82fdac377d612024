//! What inventory and shipping partners may do: refuse, repeat themselves, tell things out of order, lose a parcel.

use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use tests::{Caller, Options, Partner, Stack, sample, until};

#[tokio::test]
async fn without_stock_an_order_is_rejected_and_its_money_goes_back() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let id = place(&caller, "OUT-1").await;
    caller.order_once(&id, "status", "rejected").await;
    let order = caller.order_once(&id, "payment_status", "refunded").await;
    let totals = &order["totals"];
    assert_eq!((&totals["captured"], &totals["refunded"], &totals["balance_due"]), (&json!(3490), &json!(3490), &json!(0)));
    let mut kinds: Vec<_> =
        stack.payment_operations().await.iter().map(|operation| operation["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["capture", "refund"], "one of each");
    let balances = stack.sql().value("SELECT balances FROM orders").await;
    assert_eq!(balances, json!({ "captured": 3490, "refunded": -3490 }), "the customer owes nothing and nothing is sold");
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn an_order_completes_however_its_partners_tell_of_it() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let lives = ["DUP-1", "SHUF-1", "SLOW-1"].map(async |sku| {
        let id = place(&caller, sku).await;
        let order = caller.order_once(&id, "status", "completed").await;
        assert_eq!(order["fulfillment_status"], "delivered", "{sku}");
        assert_eq!(order["lines"][0]["delivered"], 2, "{sku}: counted once");
    });
    futures_util::future::join_all(lives).await;
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_lost_parcel_is_for_a_person() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let mut events = stack.partner().await.listen("orders.events", "order.attention_required").await;
    let id = place(&caller, "LOST-1").await;
    let attention: Value = events.next().await.data_as().unwrap();
    assert_eq!(attention["reason"], "fulfillment_delivery_failed");
    let order = caller.order(&id).await;
    assert_eq!((&order["status"], &order["fulfillments"][0]["status"]), (&json!("processing"), &json!("delivery_failed")));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_reservation_that_expires_is_asked_for_again_three_times_at_most() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let partner = stack.partner().await;
    let mut commands = partner.listen("orders.commands", "inventory.reserve").await;
    let unpaid = sample::with(|order| order["payments"] = json!([]));
    let order = caller.place(&unpaid).await;
    let id = order["id"].as_str().unwrap();
    for attempt in 1..=3 {
        let data: Value = commands.next().await.data_as().unwrap();
        let reservation = format!("{id}:{attempt}");
        assert_eq!(data["reservation_id"], reservation.as_str());
        for (answer, status) in [
            ("inventory.reserved.v1", "awaiting_payment"),
            ("inventory.reservation_expired.v1", if attempt < 3 { "pending" } else { "rejected" }),
        ] {
            let data = json!({ "reservation_id": reservation, "order_id": id });
            partner.publish("inventory.events", &Partner::event("/inventory", answer, &caller.key.tenant_id, id, &data)).await;
            caller.order_once(id, "status", status).await;
        }
    }
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn an_answer_about_an_old_attempt_lets_its_stock_go() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let partner = stack.partner().await;
    let _commands = partner.listen_to_commands().await;
    let mut releases = partner.listen("orders.commands", "inventory.release").await;
    let order = caller.place(&sample::with(|order| order["payments"] = json!([]))).await;
    let id = order["id"].as_str().unwrap();
    partner.publish("inventory.events", &answer(&caller, &order, "inventory.rejected.v1")).await;
    caller.order_once(id, "status", "rejected").await;
    partner.publish("inventory.events", &answer(&caller, &order, "inventory.reserved.v1")).await;
    let release: Value = releases.next().await.data_as().unwrap();
    assert_eq!(release["reservation_id"], format!("{id}:1"));
    until("the row of the release is marked", async || {
        (stack.sql().count("outbox WHERE routing_key = 'inventory.release' AND published_at IS NOT NULL").await == 1).then_some(())
    })
    .await;
    assert_eq!(caller.order(id).await["status"], "rejected");
}

/// Nobody ships a book without pages: of an order whose goods were quicker than its cancellation it is what can still be cancelled.
#[tokio::test]
async fn what_a_cancellation_still_reaches_is_cancelled_when_the_goods_have_left() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let partner = stack.partner().await;
    let mut commands = partner.listen("orders.commands", "shipping.*").await;
    let mut events = partner.listen("orders.events", "order.lines_cancelled").await;
    let book = json!({ "sku": "EBOOK-1", "name": "On tea", "quantity": 1, "unit_price": 0, "requires_shipping": false });
    let placed = caller.place(&sample::with(|order| order["lines"].as_array_mut().unwrap().push(book))).await;
    let id = placed["id"].as_str().unwrap();
    let operation = caller.order(id).await["payments"][0]["operations"][0]["id"].clone();
    let paid = json!({
        "id": operation, "kind": "capture", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": "ch_1", "occurred_at": "2026-11-22T10:00:00Z"
    });
    partner.publish("payments.events", &Partner::event("/payments", "payment.captured.v1", &caller.key.tenant_id, id, &paid)).await;
    let request: Value = commands.next().await.data_as().unwrap();
    assert_eq!(request["lines"], json!([{ "sku": "TEA-1", "quantity": 2 }]));
    let report = json!({ "fulfillment_id": request["fulfillment_id"] });
    let tell = |r#type: &str| Partner::event("/shipping", r#type, &caller.key.tenant_id, id, &report);
    partner.publish("shipping.events", &tell("shipment.accepted.v1")).await;
    caller.order_once(id, "status", "processing").await;
    caller.post(&format!("/v1/orders/{id}/cancel")).new_key().send().await.expect(200);
    assert_eq!(commands.next().await.r#type, "shipping.cancel.v1");

    partner.publish("shipping.events", &tell("shipment.shipped.v1")).await;
    let cancelled: Value = events.next().await.data_as().unwrap();
    assert_eq!(cancelled["lines"], json!([{ "sku": "EBOOK-1", "quantity": 1 }]));
    let order = caller.order_once(id, "status", "processing").await;
    assert_eq!((&order["lines"][0]["shipped"], &order["lines"][1]["cancelled"]), (&json!(2), &json!(1)));
    stack.sql().assert_books_are_right().await;
}

/// An answer about the first attempt of an order.
pub fn answer(caller: &Caller, order: &Value, r#type: &str) -> CloudEvent {
    let id = order["id"].as_str().unwrap();
    let data = json!({ "reservation_id": format!("{id}:1"), "order_id": id, "lines": [] });
    Partner::event("/inventory", r#type, &caller.key.tenant_id, id, &data)
}

async fn place(caller: &Caller, sku: &str) -> String {
    caller.place(&sample::with_sku(sku)).await["id"].as_str().unwrap().to_owned()
}
