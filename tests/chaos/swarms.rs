//! Many messages: the same one for many consumers, many in any order, many that nobody can apply. What is wrong with some hinders no other.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use tests::{Caller, Options, Partner, Process, Stack, raw_id, sample, until, within};

const CONSUMER: &str = "on-inventory-event";
const QUEUE: &str = "order-service.inventory-events";
/// How long a swarm may take on a busy machine.
const SWARM_LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn one_message_fifty_times_over_four_processes_takes_effect_once() {
    const TIMES: usize = 50;
    let stack = Stack::start(Options::broker().except(&[CONSUMER])).await;
    let (partner, caller) = (stack.partner().await, stack.tenant().await);
    let consumers: Vec<Process> = join_all((0..4).map(|_| stack.another(&["--only", CONSUMER]))).await;
    until("the queue is consumed", async || partner.is_consumed(QUEUE).await.then_some(())).await;
    let order = caller.place(&sample::order()).await;
    let message = reserved(&caller, order["id"].as_str().unwrap());
    for _ in 0..TIMES {
        partner.publish("inventory.events", &message).await;
    }
    let outcomes = || consumers.iter().flat_map(settled).collect::<Vec<_>>();
    until("every copy is settled", async || (outcomes().len() == TIMES).then_some(())).await;
    // A copy that met another at work was put off, and is then a repeat.
    let again = "deferred_messages WHERE class = 'retry'";
    until("every copy has come to its end", async || (stack.sql().count(again).await == 0).then_some(())).await;
    assert!(outcomes().iter().all(|outcome| outcome == "done" || outcome == "retry"), "{:?}", outcomes());
    assert_eq!(stack.sql().count("order_history WHERE action = 'stock_reserved'").await, 1);
    assert_eq!(stack.sql().count("inbox").await, 1);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_shuffled_messages_come_to_the_same_as_in_order() {
    const ORDERS: usize = 100;
    let stack = Stack::start(Options::broker()).await;
    let (partner, caller, sql) = (stack.partner().await, stack.tenant().await, stack.sql());
    let _commands = partner.listen_to_commands().await;
    let in_order = place(&caller).await;
    for event in before_confirmation(&caller, &in_order).await {
        partner.publish(event.0, &event.1).await;
    }
    caller.order_once(&in_order, "status", "confirmed").await;
    for event in after_confirmation(&caller, &in_order).await {
        let versions = format!("inbox WHERE message_id = '{}'", event.1.id);
        partner.publish(event.0, &event.1).await;
        until("it is applied", async || (sql.count(&versions).await == 1).then_some(())).await;
    }
    caller.order_once(&in_order, "status", "completed").await;

    let shuffled: Vec<String> = join_all((0..ORDERS).map(|_| place(&caller))).await;
    let mut random = fastrand::Rng::new();
    let mut told = 0;
    told += tell(&partner, &mut random, join_all(shuffled.iter().map(|order| before_confirmation(&caller, order))).await).await;
    for order in &shuffled {
        caller.order_once(order, "status", "confirmed").await;
    }
    told += tell(&partner, &mut random, join_all(shuffled.iter().map(|order| after_confirmation(&caller, order))).await).await;
    assert!(told >= 1_000, "{told} messages");
    let expected = at_the_end(&caller, &in_order).await;
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    for order in &shuffled {
        within(SWARM_LIMIT, async || (caller.order(order).await["status"] == "completed").then_some(())).await;
        *endings.entry(at_the_end(&caller, order).await).or_default() += 1;
    }
    assert_eq!(endings, BTreeMap::from([(expected, ORDERS)]));
    sql.assert_books_are_right().await;
}

/// Publishes every message twice, in any order.
async fn tell(partner: &Partner, random: &mut fastrand::Rng, events: Vec<Vec<(&'static str, CloudEvent)>>) -> usize {
    let events = events.into_iter().flatten();
    let mut twice: Vec<_> = events.flat_map(|event| [event.clone(), event]).collect();
    random.shuffle(&mut twice);
    for (exchange, event) in &twice {
        partner.publish(exchange, event).await;
    }
    twice.len()
}

/// What partners say until an order is confirmed, each with its exchange.
async fn before_confirmation(caller: &Caller, order: &str) -> Vec<(&'static str, CloudEvent)> {
    vec![("inventory.events", reserved(caller, order)), ("payments.events", captured(caller, order).await)]
}

/// The news that an order's tender was taken.
async fn captured(caller: &Caller, order: &str) -> CloudEvent {
    let operation = caller.order(order).await["payments"][0]["operations"][0]["id"].clone();
    let data = json!({
        "id": operation, "kind": "capture", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": format!("p-{order}"), "occurred_at": "2026-11-22T10:00:00Z"
    });
    Partner::event("/payments", "payment.captured.v1", &caller.key.tenant_id, order, &data)
}

/// The same as if it told of a refund: well formed, and the order refuses it each time.
fn impossible(captured: &CloudEvent) -> CloudEvent {
    let mut data: Value = serde_json::from_str(captured.data.get()).unwrap();
    data["kind"] = "refund".into();
    let (tenant, order) = (captured.tenantid.as_deref().unwrap(), captured.subject.as_deref().unwrap());
    Partner::event("/payments", "refund.succeeded.v1", tenant, order, &data)
}

/// What partners say of a confirmed order until it is delivered.
async fn after_confirmation(caller: &Caller, order: &str) -> Vec<(&'static str, CloudEvent)> {
    let fulfilment = caller.order(order).await["fulfillments"][0]["id"].clone();
    let data = json!({ "fulfillment_id": fulfilment, "order_id": order });
    let tenant = &caller.key.tenant_id;
    let shipment = |stage| Partner::event("/shipping", &format!("shipment.{stage}.v1"), tenant, order, &data);
    let stages = ["accepted", "packed", "shipped", "delivered"];
    stages.into_iter().map(|stage| ("shipping.events", shipment(stage))).collect()
}

async fn place(caller: &Caller) -> String {
    caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned()
}

/// What an order has come to, without what tells it from another.
async fn at_the_end(caller: &Caller, order: &str) -> String {
    let order = caller.order(order).await;
    let counters = ["cancelled", "fulfilled", "shipped", "delivered", "returned"].map(|name| order["lines"][0][name].clone());
    let statuses = ["status", "payment_status", "fulfillment_status", "return_status"].map(|name| order[name].clone());
    json!([statuses, order["totals"], counters, order["fulfillments"][0]["status"], order["payments"][0]["operations"][0]["status"]])
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_poison_messages_keep_no_other_order_waiting_and_all_are_dead() {
    const POISON: usize = 100;
    let stack = Stack::start(Options::broker()).await;
    let (partner, caller, sql) = (stack.partner().await, stack.tenant().await, stack.sql());
    let _commands = partner.listen_to_commands().await;
    let without = median_lag_ms(&stack, &partner, &caller, 0).await;
    let with = median_lag_ms(&stack, &partner, &caller, POISON).await;
    let reasons = sql.rows("SELECT reason_class, reason, count(*) FROM dead_letters GROUP BY 1, 2").await;
    let poison = i64::try_from(POISON).unwrap();
    assert!(reasons.len() == 1 && reasons[0]["count"] == poison && reasons[0]["reason_class"] == "poison", "{reasons:?}");
    assert_ne!(reasons[0]["reason"], "");
    // The clock of a busy machine is worth a few milliseconds.
    assert!(with <= 2.0 * without + 10.0, "other orders wait for {with} ms with poison and for {without} ms without");
}

/// The time from the publication of a message to its effect, in the middle of many, with so much poison between them.
async fn median_lag_ms(stack: &Stack, partner: &Partner, caller: &Caller, poison: usize) -> f64 {
    const ORDERS: usize = 50;
    let orders = join_all((0..ORDERS).map(|_| place(caller))).await;
    let mut published = BTreeMap::new();
    for (place, order) in orders.iter().enumerate() {
        let captured = captured(caller, order).await;
        for _ in 0..poison * (place + 1) / ORDERS - poison * place / ORDERS {
            partner.publish("payments.events", &impossible(&captured)).await;
        }
        published.insert(order.clone(), jiff::Timestamp::now());
        partner.publish("payments.events", &captured).await;
    }
    let mut lags = Vec::new();
    for (order, published) in published {
        let at = format!("SELECT at FROM order_history WHERE order_id = '{}' AND action = 'payment_captured'", raw_id(&order));
        let at = until("it took effect", async || stack.sql().value(&at).await.as_str().map(str::to_owned)).await;
        let at: jiff::Timestamp = at.parse().unwrap();
        lags.push((at.as_microsecond() - published.as_microsecond()) as f64 / 1_000.0);
    }
    lags.sort_unstable_by(f64::total_cmp);
    lags[lags.len() / 2]
}

fn reserved(caller: &Caller, order: &str) -> CloudEvent {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order, "lines": [] });
    Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, order, &data)
}

/// The outcomes of what a process has settled.
fn settled(process: &Process) -> Vec<String> {
    let lines = process.logs().with_message("message settled");
    lines.iter().map(|line: &Value| line["labels.outcome"].as_str().unwrap().to_owned()).collect()
}
