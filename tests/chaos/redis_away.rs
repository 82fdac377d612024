//! Redis killed, standing still, and back again empty: requests go on, as fast as before once it is known to be away.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Caller, Options, Redis, Stack, sample, until};

/// What a request may take more than with Redis once the process knows that it is away.
const SLOWER_AT_MOST: Duration = Duration::from_millis(10);
/// Requests that a median is taken of, half of them reads and half writes.
const REQUESTS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_on_without_redis_and_are_soon_as_fast_as_with_it() {
    let mut redis = Redis::start().await;
    let stack = Stack::start(Options::http().set("REDIS_URL", &redis.url())).await;
    let caller = stack.tenant().await;
    // The pools fill and the keys become known.
    times(&caller).await;
    let with = median(times(&caller).await);

    redis.kill();
    let killed = median(times(&caller).await);
    assert!(killed <= with + SLOWER_AT_MOST, "{with:?} with Redis, {killed:?} without");
    redis.start_again().await;
    is_back(&stack, &caller).await;

    redis.pause();
    // Until the breaker opens each request waits as long as Redis may take.
    until("it is known that Redis stands still", async || {
        caller.get("/v1/orders").send().await.expect(200);
        readiness(&stack).await.contains("redis").then_some(())
    })
    .await;
    let paused = median(times(&caller).await);
    assert!(paused <= with + SLOWER_AT_MOST, "{with:?} with Redis, {paused:?} while it stands still");
    redis.resume();
    is_back(&stack, &caller).await;
    let orders = usize::try_from(stack.sql().count("orders").await).unwrap();
    assert_eq!(orders, 4 * REQUESTS / 2, "each order once");
}

/// How long each of some requests takes; anything but a success fails the test.
async fn times(caller: &Caller) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..REQUESTS / 2 {
        let (order, took) = timed(async || caller.place(&sample::order()).await).await;
        times.push(took);
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let (read, took) = timed(async || caller.get(&path).send().await.expect(200).json()).await;
        assert_eq!(read, order);
        times.push(took);
    }
    times
}

async fn timed(request: impl AsyncFnOnce() -> Value) -> (Value, Duration) {
    let began = Instant::now();
    (request().await, began.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn readiness(stack: &Stack) -> String {
    stack.fetch(&format!("{}/readyz", stack.url())).await.1
}

async fn is_back(stack: &Stack, caller: &Caller) {
    until("Redis is asked again", async || {
        caller.get("/v1/orders").send().await.expect(200);
        (!readiness(stack).await.contains("redis")).then_some(())
    })
    .await;
}
