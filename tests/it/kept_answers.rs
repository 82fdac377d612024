//! The copy of a replayed answer that Redis keeps: it answers like PostgreSQL, and nobody misses it.

use tests::{Options, Stack, sample};

#[tokio::test]
async fn a_third_request_is_answered_without_postgresql() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let place = || caller.post("/v1/orders").key("k-1").json(&sample::order()).send();
    let first = place().await.expect(201);
    place().await.expect(201);
    // With the record gone PostgreSQL could only answer 200 with the order as it is now.
    stack.sql().execute("DELETE FROM idempotency_records").await.unwrap();
    let third = place().await.expect(201);
    assert_eq!((&third.body, third.header("idempotency-replayed")), (&first.body, "true"));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(third.header(header), first.header(header), "{header}");
    }
}

#[tokio::test]
async fn a_copy_is_for_the_same_request_only() {
    let stack = Stack::start(Options::http()).await;
    let (caller, other) = tokio::join!(stack.tenant(), stack.tenant());
    let order = sample::order();
    for _ in 0..2 {
        caller.post("/v1/orders").key("k-1").json(&order).send().await.expect(201);
    }
    let changed = sample::with(|order| order["shipping"] = 491.into());
    caller.post("/v1/orders").key("k-1").json(&changed).send().await.problem(422, "idempotency_key_reused");
    caller.post("/v1/orders").key("k-1").bytes("{").header("content-type", "application/json").send().await.problem(400, "malformed");
    caller.post("/v1/orders").key("k-1").json(&order).unsigned().send().await.problem(401, "signature_missing");
    let theirs = other.post("/v1/orders").key("k-1").json(&order).send().await.expect(201);
    assert_eq!(theirs.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn without_redis_postgresql_replays() {
    let stack = Stack::start(Options::http().set("REDIS_URL", "redis://127.0.0.1:1/0")).await;
    let caller = stack.tenant().await;
    let first = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    for _ in 0..3 {
        let again = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
        assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, "true"));
    }
}
