//! A real Redis Cluster that loses a primary under load: no caller is told of it, nobody reads anything older than they know of, and no
//! order is there twice, although a fail-over forgets nonces, views and answers that it had acknowledged.
//!
//! `FAILOVERS=5` loses more primaries.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Options, RedisCluster, Stack, raw_id, sample, until};

use crate::setting;

/// Primaries that are lost, unless `FAILOVERS` says otherwise.
const FAILOVERS: u64 = 1;
/// Tenants, spread over the shards by their ids.
const TENANTS: usize = 6;
/// Rounds of each tenant that must come to their end with the cluster whole again.
const ROUNDS_AFTER: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_reaches_no_caller() {
    let mut cluster = RedisCluster::start().await;
    let stack = Stack::start(Options::http().set("REDIS_URL", &cluster.urls().join(","))).await;
    let callers = join_all((0..TENANTS).map(|_| stack.tenant())).await;
    let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let customers: Vec<_> =
        callers.iter().map(|caller| tokio::spawn(shop(caller.clone(), Arc::clone(&stop), Arc::clone(&rounds)))).collect();
    some_rounds(&rounds).await;
    for _ in 0..setting("FAILOVERS").unwrap_or(FAILOVERS) {
        let key = format!("n:{{{}}}", raw_id(&callers[0].key.tenant_id));
        let lost = cluster.kill_primary_of(&key).await;
        let successor = cluster.await_failover(&key, lost).await;
        assert_ne!(successor, lost);
        some_rounds(&rounds).await;
        cluster.node(lost).start_again().await;
        until("the cluster is whole", || async { cluster.is_whole().await.then_some(()) }).await;
        some_rounds(&rounds).await;
    }
    // The service has found its way to the new primary: nobody is let in unseen any more.
    until("every shard is asked again", async || {
        for caller in &callers {
            caller.get("/v1/orders").send().await.expect(200);
        }
        (!stack.fetch(&format!("{}/readyz", stack.url())).await.1.contains("redis")).then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    let placed: usize = join_all(customers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(usize::try_from(stack.sql().count("orders").await).unwrap(), placed, "each order once");
    stack.sql().assert_books_are_right().await;
}

/// Places orders, each twice under one key, and changes and reads them, until it is told to stop. How many it placed.
async fn shop(caller: Caller, stop: Arc<AtomicBool>, rounds: Arc<AtomicUsize>) -> usize {
    let mut placed = 0;
    while !stop.load(Ordering::Relaxed) {
        let key = uuid::Uuid::new_v4().to_string();
        let order = sample::with(|order| order["payments"][0]["amount"] = 1_000.into());
        let place = || caller.post("/v1/orders").key(&key).json(&order).send();
        let (first, second) = (place().await.expect(201).json(), place().await.expect(201).json());
        assert_eq!(first["id"], second["id"]);
        placed += 1;
        let path = format!("/v1/orders/{}", first["id"].as_str().unwrap());
        // What is read is kept, and must not be shown once something newer is known.
        assert_eq!(version(&caller, &path, 1).await, 1);
        let tender = json!({ "method": "card", "token": "tok_visa", "amount": 1, "capture": "automatic" });
        caller.post(&format!("{path}/payments")).new_key().json(&tender).send().await.expect(201);
        assert_eq!(version(&caller, &path, 2).await, 2);
        rounds.fetch_add(1, Ordering::Relaxed);
    }
    placed
}

/// The version that a reader is shown who knows of `known`.
async fn version(caller: &Caller, path: &str, known: u64) -> u64 {
    let read: Value = caller.get(path).header("min-version", &known.to_string()).send().await.expect(200).json();
    read["version"].as_u64().unwrap()
}

async fn some_rounds(rounds: &AtomicUsize) {
    let enough = rounds.load(Ordering::Relaxed) + TENANTS * ROUNDS_AFTER;
    tests::within(Duration::from_secs(60), || async { (rounds.load(Ordering::Relaxed) >= enough).then_some(()) })
        .await
        .expect("orders go on being placed");
}
