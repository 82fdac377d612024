//! Orders as Redis keeps them for readers: one round trip, nothing older than a reader knows of, and nobody misses them.

use futures_util::future::join_all;
use redis::cmd;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::{Caller, Options, Redis, Stack, sample, until};

fn path(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().unwrap())
}

/// Reads an order until its view is kept: then a change that nobody reports is not seen.
async fn kept(stack: &Stack, caller: &Caller, order: &Value) {
    caller.get(&path(order)).send().await.expect(200);
    until("a view is kept", async || {
        caller.get(&path(order)).send().await.expect(200);
        stack.metrics().await.contains("order_views_total{result=\"hit\"}").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_signed_read_is_one_round_trip_to_redis_and_none_to_postgresql() {
    let redis = Redis::start().await;
    let stack = Stack::start(Options::http().set("REDIS_URL", &redis.url())).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    kept(&stack, &caller, &order).await;
    stack.sql().execute("UPDATE orders SET version = version + 1").await.unwrap();
    let _: String = redis.ask(cmd("CONFIG").arg("RESETSTAT")).await.unwrap();
    const READS: usize = 20;
    for _ in 0..READS {
        assert_eq!(caller.get(&path(&order)).send().await.expect(200).json(), order);
    }
    let told: String = redis.ask(cmd("INFO").arg("commandstats")).await.unwrap();
    assert!(told.contains(&format!("cmdstat_evalsha:calls={READS},")), "{told}");
    // What a script runs is counted as well: these are all that it runs, so nothing else was asked.
    let known = ["evalsha", "set", "time", "get", "hmget", "config|resetstat", "info", "hello", "client|setinfo", "command"];
    let asked: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split(':').next()).collect();
    assert!(asked.iter().all(|name| known.contains(name)), "{asked:?}");
    assert!(told.contains(&format!("cmdstat_set:calls={},", 3 * READS)), "a nonce and two rates: {told}");
}

#[tokio::test]
async fn a_reader_reads_its_own_write() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    for _ in 0..10 {
        let order = caller.place(&sample::order()).await;
        kept(&stack, &caller, &order).await;
        let cancelled = caller.post(&format!("{}/cancel", path(&order))).new_key().send().await.expect(200);
        let seen = caller.get(&path(&order)).send().await.expect(200);
        assert_eq!((&seen.json()["status"], seen.header("etag")), (&json!("cancelling"), cancelled.header("etag")));
    }
}

#[tokio::test]
async fn nothing_older_is_shown_than_a_reader_knows_of() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    kept(&stack, &caller, &order).await;
    // A change that nobody reports to Redis.
    stack.sql().execute("UPDATE orders SET version = 2").await.unwrap();
    let read = |version: &str| caller.get(&path(&order)).header("min-version", version).send();
    assert_eq!(caller.get(&path(&order)).send().await.expect(200).header("etag"), "\"v1\"");
    assert_eq!(read("1").await.expect(200).header("etag"), "\"v1\"");
    assert_eq!(read("2").await.expect(200).header("etag"), "\"v2\"");
    assert_eq!(read("3").await.expect(200).header("etag"), "\"v2\"", "there is none newer");
    until("the newer view is kept", async || (caller.get(&path(&order)).send().await.expect(200).header("etag") == "\"v2\"").then_some(()))
        .await;
    for bad in ["", "v2", "-1", "2.0"] {
        assert_eq!(read(bad).await.problem(400, "malformed")["parameter"], "Min-Version", "{bad}");
    }
}

#[tokio::test]
async fn a_kept_view_answers_as_postgresql_does() {
    let stack = Stack::start(Options::http()).await;
    let (caller, other) = tokio::join!(stack.tenant(), stack.tenant());
    let order = caller.place(&sample::order()).await;
    kept(&stack, &caller, &order).await;
    let fresh = caller.get(&path(&order)).header("min-version", "9").send().await.expect(200);
    let seen = caller.get(&path(&order)).send().await.expect(200);
    assert_eq!(seen.body, fresh.body);
    for header in ["etag", "content-type", "cache-control"] {
        assert_eq!(seen.header(header), fresh.header(header), "{header}");
    }
    let known = caller.get(&path(&order)).header("if-none-match", "\"v1\"").send().await.expect(304);
    assert_eq!((known.body.len(), known.header("etag")), (0, "\"v1\""));
    other.get(&path(&order)).send().await.problem(404, "not_found");
    caller.get(&format!("{}?expand=nothing", path(&order))).send().await.problem(422, "validation_failed");
    assert!(caller.get(&format!("{}?expand=payments", path(&order))).send().await.expect(200).json()["payments"].is_array());
}

#[tokio::test]
async fn what_redis_keeps_tells_nobody_who_ordered() {
    let redis = Redis::start().await;
    let stack = Stack::start(Options::http().set("REDIS_URL", &redis.url())).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    kept(&stack, &caller, &order).await;
    let keys: Vec<String> = redis.ask(cmd("KEYS").arg("o:*")).await.unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let view: Vec<u8> = redis.ask(cmd("HGET").arg(&keys[0]).arg("plain")).await.unwrap();
    let ttl_ms: i64 = redis.ask(cmd("PTTL").arg(&keys[0])).await.unwrap();
    assert!((1..=36_000).contains(&ttl_ms), "{ttl_ms}");
    let text = String::from_utf8_lossy(&view);
    assert!(view.len() > 100 && !text.contains("example.com") && !text.contains("TEA-1"), "{text}");
    // Somebody who can write there cannot make us show it.
    let _: i64 = redis.ask(cmd("HSET").arg(&keys[0]).arg("plain").arg("{\"status\": \"paid\"}")).await.unwrap();
    assert_eq!(caller.get(&path(&order)).send().await.expect(200).json(), order);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_readers_of_an_order_that_is_not_kept_cost_postgresql_one_look() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let sql = stack.sql();
    let mut holder = sql.pool().acquire().await.unwrap();
    holder.execute("BEGIN; LOCK TABLE order_lines IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let readers: Vec<_> = (0..100).map(|_| tokio::spawn(read(caller.clone(), path(&order)))).collect();
    let waiting = "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    until("a reader waits for PostgreSQL", async || (sql.count(waiting).await > 0).then_some(())).await;
    // The requests that have come in are the ones that could ask; all of them are counted before one is answered.
    until("all have been let in", async || {
        let told = stack.metrics().await;
        let misses = told.lines().find_map(|line| line.strip_prefix("order_views_total{result=\"miss\"} "));
        misses.is_some_and(|count| count == "100").then_some(())
    })
    .await;
    assert_eq!(sql.count(waiting).await, 1);
    holder.execute("COMMIT").await.unwrap();
    assert!(join_all(readers).await.into_iter().all(|status| status.unwrap() == 200));
}

async fn read(caller: Caller, path: String) -> u16 {
    caller.get(&path).send().await.status
}
