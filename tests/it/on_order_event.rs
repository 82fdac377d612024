//! `on-order-event`: who looks at an order learns at once of what happened to it.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Caller, Events, Options, Partner, RedisCluster, Stack, raw_id, sample, until};

/// Followers look by themselves once a second: without bells each of ten events, awaited one after the other, would take about that.
const TEN_WITH_BELLS: Duration = Duration::from_secs(5);
/// How often ten are tried until the bells of a new primary are heard.
const TRIES_MAX: usize = 10;

async fn follow(caller: &Caller) -> Events {
    let mut live = caller.get("/v1/orders/stream?types=order.created.v1").follow().await;
    live.opened().await;
    // The first may come before the bell is listened to.
    ten(caller, &mut live).await;
    live
}

/// How long ten orders take to be seen, one after the other.
async fn ten(caller: &Caller, live: &mut Events) -> Duration {
    let begun = Instant::now();
    for _ in 0..10 {
        let order = caller.place(&sample::order()).await;
        assert_eq!(live.some().await.json()["subject"], order["id"]);
    }
    begun.elapsed()
}

#[tokio::test]
async fn an_event_reaches_those_who_follow_before_they_look_by_themselves() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let mut live = follow(&caller).await;
    let took = ten(&caller, &mut live).await;
    assert!(took < TEN_WITH_BELLS, "{took:?}");
}

#[tokio::test]
async fn the_bells_of_a_cluster_are_heard_and_heard_again_after_a_fail_over() {
    let mut cluster = RedisCluster::start().await;
    let stack = Stack::start(Options::broker().set("REDIS_URL", &cluster.urls().join(","))).await;
    let caller = stack.tenant_without_stock().await;
    let mut live = follow(&caller).await;
    let took = ten(&caller, &mut live).await;
    assert!(took < TEN_WITH_BELLS, "{took:?}");

    let key = format!("e:{{{}}}", raw_id(&caller.key.tenant_id));
    let lost = cluster.kill_primary_of(&key).await;
    cluster.await_failover(&key, lost).await;
    let mut took = Vec::new();
    while took.last().is_none_or(|took| *took >= TEN_WITH_BELLS) {
        assert!(took.len() < TRIES_MAX, "{took:?}");
        took.push(ten(&caller, &mut live).await);
    }
}

#[tokio::test]
async fn nothing_is_kept_of_an_event_and_what_is_none_is_dead() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let order = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let settled = || stack.logs().with_message("message settled").into_iter().filter(|line| line["labels.consumer"] == "on-order-event");
    until("its event is settled", async || settled().any(|line| line["labels.outcome"] == "done").then_some(())).await;
    assert_eq!(stack.sql().count("inbox WHERE consumer = 'on-order-event'").await, 0);

    let partner = stack.partner().await;
    let bad = Partner::event("/order-service", "order.created.v1", &caller.key.tenant_id, &order, &json!({ "order": 7 }));
    partner.publish("orders.events", &bad).await;
    until("it is dead", async || (stack.sql().count("dead_letters WHERE consumer = 'on-order-event'").await == 1).then_some(())).await;
}

#[tokio::test]
async fn without_redis_an_event_is_done_all_the_same_and_followers_look_by_themselves() {
    let stack = Stack::start(Options::broker().proxied("REDIS_URL")).await;
    let caller = stack.tenant_without_stock().await;
    let mut live = caller.get("/v1/orders/stream").follow().await;
    live.opened().await;
    stack.proxy("REDIS_URL").cut();
    let order = caller.place(&sample::order()).await;
    assert_eq!(live.some().await.json()["subject"], order["id"]);
    let outcomes = || stack.logs().with_message("message settled").into_iter().filter(|line| line["labels.consumer"] == "on-order-event");
    until("its event is settled", async || outcomes().next().is_some().then_some(())).await;
    assert!(outcomes().all(|line| line["labels.outcome"] == "done"));
}
