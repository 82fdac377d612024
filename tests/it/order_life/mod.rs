//! An order from its creation to its end, through every function, the broker and the partners.
//!
//! Here is what goes well; `payments`, `money` and `stock` are what partners do otherwise.

mod money;
mod payments;
mod stock;

use serde_json::{Value, json};
use tests::{Options, Stack, sample};

/// What a paid, delivered order goes through after the stock and the payment have answered, in whichever order they do.
const AFTER_BOTH: [&str; 7] =
    ["confirmed", "fulfillment_accepted", "processing", "fulfillment_packed", "fulfillment_shipped", "fulfillment_delivered", "completed"];

#[tokio::test]
async fn an_order_goes_from_pending_to_completed() {
    // Stages that come close together may be handled in any order, and one that comes late is no news: these keep their distance.
    let stack = Stack::start(Options::whole().simulators(&["--pace", "150"])).await;
    let caller = stack.tenant().await;
    let placed = caller.place(&sample::order()).await;
    let id = placed["id"].as_str().unwrap();
    let order = caller.order_once(id, "status", "completed").await;

    assert_eq!((&order["payment_status"], &order["fulfillment_status"]), (&json!("paid"), &json!("delivered")));
    assert_eq!((&order["totals"]["captured"], &order["totals"]["balance_due"]), (&json!(3490), &json!(0)));
    assert_eq!((&order["lines"][0]["delivered"], &order["lines"][0]["fulfilled"]), (&json!(2), &json!(2)));
    assert_eq!(order["fulfillments"][0]["status"], "delivered");
    assert!(order["fulfillments"][0]["tracking"]["number"].is_string());

    let history = caller.history(id).await;
    let mut actions: Vec<_> = history.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    actions[1..3].sort_unstable();
    assert_eq!(actions[..3], ["created", "payment_captured", "stock_reserved"]);
    assert_eq!(actions[3..], AFTER_BOTH);
    let versions: Vec<_> = history.iter().map(|entry| entry["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, (1..=10).collect::<Vec<_>>());
    assert_eq!(order["version"], 10);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn the_events_of_an_order_come_in_a_dense_sequence() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let mut events = stack.partner().await.listen("orders.events", "order.#").await;
    let placed = caller.place(&sample::order()).await;
    let heard = events.until_type("order.completed.v1").await;

    let sequence: Vec<_> = heard.iter().map(|event| event.extension_integer("sequence").unwrap()).collect();
    assert_eq!(sequence, (1..=i64::try_from(heard.len()).unwrap()).collect::<Vec<_>>());
    for event in &heard {
        let data: Value = event.data_as().unwrap();
        assert_eq!(event.source, "/order-service");
        assert_eq!(event.subject.as_deref(), placed["id"].as_str());
        assert_eq!(event.tenantid.as_deref(), Some(&*caller.key.tenant_id));
        assert_eq!(event.extension_text("partitionkey"), placed["id"].as_str());
        assert_eq!(data["order"]["id"], placed["id"]);
        assert_eq!(data["order"]["number"], placed["number"]);
        assert!(!event.data.get().contains(sample::EMAIL), "events carry no personal data");
    }
    let versions: Vec<_> = heard.iter().map(|event| event.extension_integer("orderversion").unwrap()).collect();
    assert!(versions.is_sorted() && versions.first() == Some(&1), "{versions:?}");
}

#[tokio::test]
async fn a_request_can_be_followed_into_the_messages_it_causes() {
    const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let partner = stack.partner().await;
    let (mut events, mut commands) = (partner.listen("orders.events", "order.#").await, partner.listen("orders.commands", "#").await);
    let traceparent = format!("00-{TRACE_ID}-b7ad6b7169203331-01");
    let request = caller.post("/v1/orders").new_key().header("x-request-id", "req-1842").header("traceparent", &traceparent);
    request.json(&sample::order()).send().await.expect(201);

    let created = events.next().await;
    let sent = [commands.next().await, commands.next().await];
    // The partner's answer to the command carries both on, and so does what the answer causes.
    let reserved = events.until_type("order.stock_reserved.v1").await.pop().unwrap();
    assert_eq!(created.r#type, "order.created.v1");
    for message in [&created, &sent[0], &sent[1], &reserved] {
        assert_eq!(message.extension_text("correlationid"), Some("req-1842"), "{}", message.r#type);
        assert_eq!(message.extension_text("traceparent").and_then(|text| text.split('-').nth(1)), Some(TRACE_ID), "{}", message.r#type);
    }
    let line = stack.logs().find(|line| line["message"] == "request" && line["http.request.id"] == "req-1842").await.unwrap();
    assert_eq!((&line["trace.id"], &line["order.id"]), (&json!(TRACE_ID), &json!(created.subject)));
}

#[tokio::test]
async fn an_event_names_the_message_that_caused_it() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let partner = stack.partner().await;
    let _commands = partner.listen_to_commands().await;
    let mut events = partner.listen("orders.events", "order.stock_reserved").await;
    let order = caller.place(&sample::order()).await;
    let reserved = stock::answer(&caller, &order, "inventory.reserved.v1");
    partner.publish("inventory.events", &reserved).await;
    assert_eq!(events.next().await.extension_text("causationid"), Some(&*reserved.id));
}

#[tokio::test]
async fn a_tenant_without_an_inventory_service_waits_for_the_money_only() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant_without_stock().await;
    let placed = caller.place(&sample::order()).await;
    assert_eq!(placed["status"], "awaiting_payment");
    let id = placed["id"].as_str().unwrap();
    caller.order_once(id, "status", "completed").await;
    let actions: Vec<_> = caller.history(id).await.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions[..3], ["created", "payment_captured", "confirmed"]);
    assert_eq!(actions.last().map(String::as_str), Some("completed"));
    assert_eq!(stack.sql().count("outbox WHERE routing_key LIKE 'inventory.%'").await, 0);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_free_order_with_nothing_to_ship_completes_at_once() {
    let stack = Stack::start(Options::http()).await;
    let free = json!({
        "currency": "EUR",
        "lines": [{ "sku": "EBOOK", "name": "A book", "quantity": 1, "unit_price": 0, "requires_shipping": false }]
    });
    let order = stack.tenant_without_stock().await.place(&free).await;
    assert_eq!(
        (&order["status"], &order["payment_status"], &order["fulfillment_status"]),
        (&json!("completed"), &json!("not_required"), &json!("not_required"))
    );
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn orders_of_many_tenants_live_side_by_side() {
    let stack = Stack::start(Options::whole()).await;
    let callers = futures_util::future::join_all((0..5).map(|_| stack.tenant())).await;
    let lives = callers.iter().map(async |caller| {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned());
        }
        for id in &ids {
            caller.order_once(id, "status", "completed").await;
        }
    });
    futures_util::future::join_all(lives).await;
    stack.sql().assert_books_are_right().await;
}
