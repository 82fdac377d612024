//! The relay: everything that was written is published, in order per order, and one order's trouble is its own.

use std::collections::BTreeMap;

use tests::{Options, Stack, sample, until};

/// The functions of a process that writes and does not publish.
const WRITERS: &str = "create-order,get-order,get-order-history,list-orders";

#[tokio::test]
async fn what_was_written_while_no_relay_ran_is_published_when_one_does() {
    let stack = Stack::start(Options::broker().only(WRITERS)).await;
    let caller = stack.tenant_without_stock().await;
    for _ in 0..10 {
        caller.place(&unpaid()).await;
    }
    assert_eq!(unpublished(&stack).await, 10);
    let _relay = stack.another(&["--only", "outbox-relay"]).await;
    until("everything is published", async || (unpublished(&stack).await == 0).then_some(())).await;
}

#[tokio::test]
async fn two_relays_publish_everything_in_order_per_order() {
    let stack = Stack::start(Options::broker().only(WRITERS)).await;
    // The relay declares the exchanges, so one must have been there before anybody can listen.
    drop(stack.another(&["--only", "outbox-relay"]).await);
    let partner = stack.partner().await;
    until("the exchanges are declared", async || partner.has_exchange("orders.events").await.then_some(())).await;
    let _commands = partner.listen_to_commands().await;
    let mut events = partner.listen("orders.events", "order.#").await;
    let caller = stack.tenant_without_stock().await;
    for _ in 0..20 {
        caller.place(&unpaid()).await;
    }
    // More events for each order, in the order of their sequence.
    let more = "INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at)
                SELECT o.tenant_id, gen_random_uuid(), o.order_id, o.shard, o.exchange, o.routing_key,
                    convert_to(jsonb_set(convert_from(o.body, 'UTF8')::jsonb, '{sequence}', to_jsonb(n))::text, 'UTF8'), o.created_at
                FROM generate_series(2, 10) AS n, outbox o WHERE o.routing_key = 'order.created' ORDER BY n";
    stack.sql().execute(more).await.unwrap();
    let _relays = tokio::join!(stack.another(&["--only", "outbox-relay"]), stack.another(&["--only", "outbox-relay"]));

    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    while last.len() < 20 || last.values().any(|sequence| *sequence < 10) {
        let event = events.next().await;
        let (order, sequence) = (event.subject.clone().unwrap(), event.extension_integer("sequence").unwrap());
        let before = last.insert(order, sequence).unwrap_or(0);
        // Once or more is allowed; a step ahead is not.
        assert!(sequence <= before + 1, "{sequence} after {before}");
    }
    until("everything is marked", async || (unpublished(&stack).await == 0).then_some(())).await;
}

#[tokio::test]
async fn a_command_that_no_queue_takes_holds_back_its_order_and_no_other() {
    let stack = Stack::start(Options::broker()).await;
    let (held, free) = tokio::join!(stack.tenant(), stack.tenant_without_stock());
    // Nobody takes inventory commands here: this order's messages stop at its reservation.
    held.place(&sample::order()).await;
    stack.logs().find(|line| line["message"].as_str().is_some_and(|text| text.starts_with("RabbitMQ refuses a message"))).await.unwrap();
    let mut events = stack.partner().await.listen("orders.events", "order.created").await;
    let order = free.place(&unpaid()).await;
    assert_eq!(events.next().await.subject.as_deref(), order["id"].as_str());
    let waiting = stack.sql().rows("SELECT routing_key FROM outbox WHERE published_at IS NULL ORDER BY seq").await;
    assert_eq!(waiting[0]["routing_key"], "inventory.reserve");

    let _commands = stack.partner().await.listen_to_commands().await;
    until("the held order goes on", async || (unpublished(&stack).await == 0).then_some(())).await;
}

#[tokio::test]
async fn an_event_that_nobody_wants_is_kept_for_a_look() {
    let stack = Stack::start(Options::broker().except(&["on-order-event"])).await;
    stack.partner().await.delete_queue("order-service.live").await;
    stack.tenant_without_stock().await.place(&unpaid()).await;
    until("it is published", async || (unpublished(&stack).await == 0).then_some(())).await;
    assert_eq!(stack.partner().await.messages_in("orders.unrouted").await, 1);
}

async fn unpublished(stack: &Stack) -> i64 {
    stack.sql().count("outbox WHERE published_at IS NULL").await
}

/// An order that only publishes events.
fn unpaid() -> serde_json::Value {
    sample::with(|order| order["payments"] = serde_json::json!([]))
}
