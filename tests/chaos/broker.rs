//! The broker itself: killed under load, away for a while, and there but deaf to whoever publishes.
//!
//! `BROKER_KILLS=20` kills more often, `BROKER_AWAY_SECONDS=60` takes it away for longer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tests::{Broker, Caller, Options, Stack, sample, until, within};
use tokio::time::interval;

use crate::{invariants, setting};

/// Kills of the broker, unless `BROKER_KILLS` says otherwise.
const KILLS: u64 = 3;
/// Seconds without a broker, unless `BROKER_AWAY_SECONDS` says otherwise.
const AWAY_SECONDS: u64 = 10;
/// Once the broker is back, what has piled up must be on its way within this time.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);
/// Orders come at this pace while the broker is away.
const PACE: Duration = Duration::from_millis(50);
/// Orders that are under way when the broker dies.
const ORDERS: usize = 20;
/// Everything that the service says to anybody is kept here.
const AUDIT: &str = "audit";

async fn place(caller: &Caller) -> String {
    caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned()
}

async fn unpublished(stack: &Stack) -> i64 {
    stack.sql().count("outbox WHERE published_at IS NULL").await
}

/// Every order comes to its end, and the audit finds nothing.
async fn all_end_well(stack: &Stack, caller: &Caller, placed: &[String]) {
    for order in placed {
        caller.order_once(order, "status", "completed").await;
    }
    until("everything is published", || async { (unpublished(stack).await == 0).then_some(()) }).await;
    let acknowledged: Vec<_> = placed.iter().map(|order| (caller.clone(), order.clone())).collect();
    let findings = invariants::findings(stack, &stack.sql(), &acknowledged).await;
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_loses_no_message_and_keeps_each_order_in_order() {
    let mut broker = Broker::start().await;
    let stack = Stack::start(Options::whole().on(&broker)).await;
    stack.partner().await.keep(AUDIT, "orders.events", "order.#").await;
    let caller = stack.tenant().await;
    let mut placed = Vec::new();
    for _ in 0..setting("BROKER_KILLS").unwrap_or(KILLS) {
        placed.extend(join_all((0..ORDERS).map(|_| place(&caller))).await);
        // In the middle of what follows: some have been confirmed, and none is done.
        let confirmed = "order_history WHERE action = 'confirmed'";
        let before = stack.sql().count(confirmed).await;
        until("the orders are under way", || async { (stack.sql().count(confirmed).await > before).then_some(()) }).await;
        broker.kill(&[stack.queues(), vec![AUDIT]].concat()).await;
        broker.start_again().await;
    }
    all_end_well(&stack, &caller, &placed).await;

    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for event in stack.partner().await.drain(AUDIT).await {
        let (order, sequence) = (event.subject.clone().unwrap(), event.extension_integer("sequence").unwrap());
        let highest = last.entry(order).or_default();
        // Once or more is allowed; a step ahead is not.
        assert!(sequence <= *highest + 1, "{sequence} after {highest}");
        *highest = sequence.max(*highest);
    }
    let written = "SELECT 'ord_' || replace(id::text, '-', '') AS id, event_sequence FROM orders";
    let written: BTreeMap<String, i64> = (stack.sql().rows(written).await.iter())
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row["event_sequence"].as_i64().unwrap()))
        .collect();
    assert_eq!(last, written, "on the left the last event that arrived of each order");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_every_order_is_taken_and_with_it_the_backlog_is_soon_gone() {
    let mut broker = Broker::start().await;
    let stack = Stack::start(Options::whole().on(&broker)).await;
    let caller = stack.tenant().await;
    let mut placed = vec![place(&caller).await];
    caller.order_once(&placed[0], "status", "completed").await;

    broker.kill(&stack.queues()).await;
    let gone = Instant::now();
    let mut pace = interval(PACE);
    while gone.elapsed() < Duration::from_secs(setting("BROKER_AWAY_SECONDS").unwrap_or(AWAY_SECONDS)) {
        pace.tick().await;
        // Anything but a 201 fails the test.
        placed.push(place(&caller).await);
    }
    assert!(unpublished(&stack).await >= i64::try_from(placed.len()).unwrap() - 1);
    assert_eq!(stack.fetch(&format!("{}/readyz", stack.url())).await.0, 200, "requests need no broker");
    broker.start_again().await;
    // What consumers do meanwhile adds to it.
    let drained = within(DRAIN_LIMIT, || async { (unpublished(&stack).await == 0).then_some(()) }).await;
    assert!(drained.is_some(), "{} messages are left after {DRAIN_LIMIT:?}", unpublished(&stack).await);
    all_end_well(&stack, &caller, &placed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_reads_nothing_more_holds_up_messages_and_no_caller() {
    let broker = Broker::start().await;
    let stack = Stack::start(Options::whole().on(&broker)).await;
    let caller = stack.tenant().await;
    broker.block_publishers(true).await;
    let placed = join_all((0..ORDERS).map(|_| place(&caller))).await;
    let silent = |line: &serde_json::Value| line["error.message"].as_str().is_some_and(|text| text.contains("did not answer in time"));
    let line = stack.logs().find(silent).await.unwrap();
    assert_eq!(line["labels.function"], "outbox-relay");
    assert!(unpublished(&stack).await > 0);
    broker.block_publishers(false).await;
    all_end_well(&stack, &caller, &placed).await;
}
