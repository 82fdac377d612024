//! Keys while something is away: Redis, PostgreSQL, the process itself.

use futures_util::future::join_all;
use tests::{Answer, Caller, Options, Stack, sample, until};

/// Requests at once, before and after Redis goes.
const ORDERS: usize = 60;

#[tokio::test]
async fn without_redis_every_request_succeeds_and_every_repeat_is_replayed() {
    let stack = Stack::start(Options::http().set("REDIS_URL", "redis://127.0.0.1:1/0")).await;
    let caller = stack.tenant().await;
    let placed = join_all((0..ORDERS).map(|index| place(&caller, index))).await;
    for (index, first) in placed.into_iter().enumerate() {
        replayed(&place(&caller, index).await, &first.expect(201));
    }
    assert_eq!(stack.sql().count("orders").await, i64::try_from(ORDERS).unwrap());
}

#[tokio::test]
async fn redis_goes_and_comes_back_and_no_request_notices() {
    let stack = Stack::start(Options::http().proxied("REDIS_URL")).await;
    let caller = stack.tenant().await;
    let mut placed = Vec::new();
    for (round, change) in [None, Some(false), Some(true)].into_iter().enumerate() {
        let indices = round * ORDERS..(round + 1) * ORDERS;
        let placing = join_all(indices.map(|index| place(&caller, index)));
        // Redis goes while requests are under way, and comes back in the same manner.
        let changing = async {
            match change {
                None => {}
                Some(false) => stack.proxy("REDIS_URL").cut(),
                Some(true) => stack.proxy("REDIS_URL").mend(),
            }
        };
        let (answers, ()) = tokio::join!(placing, changing);
        placed.extend(answers.into_iter().map(|answer| answer.expect(201)));
        for (index, first) in placed.iter().enumerate().step_by(10) {
            replayed(&place(&caller, index).await, first);
        }
    }
    assert_eq!(stack.sql().count("orders").await, i64::try_from(3 * ORDERS).unwrap());
}

#[tokio::test]
async fn a_failure_of_postgresql_leaves_the_key_free() {
    let stack = Stack::start(Options::http().proxied("DATABASE_URL")).await;
    let caller = stack.tenant().await;
    caller.place(&sample::order()).await;
    stack.proxy("DATABASE_URL").cut();
    let refused = place(&caller, 1).await;
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(refused.problem(503, "dependency_unavailable")["retryable"], true);
    stack.proxy("DATABASE_URL").mend();
    let placed =
        until("PostgreSQL is back", async || Some(place(&caller, 1).await).filter(|answer| answer.status != 503)).await.expect(201);
    assert_eq!(placed.header("idempotency-replayed"), "");
    assert_eq!(stack.sql().count("orders").await, 2);
}

/// A session of the application whose last statement rang for the relay.
const RUNG: &str = "pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_notify(''outbox''%' AND usename = 'orders_app'";

/// The hardest moment: the order is committed, and nobody has been told.
#[tokio::test]
async fn a_process_that_dies_between_commit_and_answer_has_placed_the_order_once() {
    let mut stack = Stack::start(Options::http().pool_size(1).proxied("DATABASE_URL")).await;
    let caller = stack.tenant().await;
    // Its connection, its block of numbers and its prepared statement are there; what follows is the one statement.
    let order = caller.place(&sample::order()).await;
    // The relay is rung after the answer, and the one connection must have heard that it was.
    let sql = stack.sql();
    until("the relay is rung", async || (sql.count(RUNG).await > 0).then_some(())).await;
    caller.order(order["id"].as_str().unwrap()).await;
    stack.proxy("DATABASE_URL").deafen();
    let committed = async {
        until("the order is committed", async || (sql.count("orders").await == 2).then_some(())).await;
        stack.service.kill();
    };
    let (unheard, ()) = tokio::join!(caller.post("/v1/orders").key("k-1").json(&sample::order()).try_send(), committed);
    assert!(unheard.is_err(), "{unheard:?}");

    stack.proxy("DATABASE_URL").mend();
    stack.restart().await;
    let retry = stack.caller(caller.key.clone()).post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    assert_eq!(retry.header("idempotency-replayed"), "true");
    assert_eq!(sql.count("orders").await, 2);
}

async fn place(caller: &Caller, index: usize) -> Answer {
    caller.post("/v1/orders").key(&format!("k-{index}")).json(&sample::order()).send().await
}

#[track_caller]
fn replayed(again: &Answer, first: &Answer) {
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{again:?}");
    assert_eq!(again.body, first.body);
}
