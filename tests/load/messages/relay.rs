//! How fast the relay empties an outbox that is full.

use std::time::Instant;

use tests::{Options, Stack, until};

use super::{Pair, broker::Broker};
use crate::measured::CpuSeconds;

/// Messages in the outbox, each of an order of its own.
const MESSAGES: usize = 20_000;
/// The process's name in /proc.
const SERVICE: &str = "standalone";
/// Where everything goes.
const QUEUE: &str = "bench";

/// Publishes as many messages of the same bytes first without the relay, then with it.
pub async fn measure() -> Pair {
    let stack = Stack::start(Options::broker().only("create-order,outbox-relay")).await;
    let caller = stack.tenant_without_stock().await;
    let unpaid = tests::sample::with(|order| order["payments"] = serde_json::json!([]));
    caller.place(&unpaid).await;
    until("the relay publishes", async || (stack.sql().count("outbox WHERE published_at IS NULL").await == 0).then_some(())).await;
    let broker = Broker::connect(stack.amqp_url()).await;
    broker.bind(QUEUE, "orders.events").await;

    let body = stack.sql().value("SELECT convert_from(body, 'UTF8') FROM outbox LIMIT 1").await.as_str().unwrap().as_bytes().to_vec();
    let floor = broker.publish("orders.events", "order.created", &vec![body; MESSAGES]).await;
    assert_eq!(broker.messages_in(QUEUE).await as usize, MESSAGES);
    broker.purge(QUEUE).await;

    let (own, postgres) = (CpuSeconds::read(SERVICE), CpuSeconds::read("postgres"));
    fill(&stack).await;
    let started = Instant::now();
    stack.sql().execute("NOTIFY outbox").await.unwrap();
    // The broker is asked until it has everything: counting rows meanwhile would cost what is measured.
    until("everything is at the broker", async || (broker.messages_in(QUEUE).await as usize >= MESSAGES).then_some(())).await;
    until("the outbox is empty", async || (stack.sql().count("outbox WHERE published_at IS NULL").await == 0).then_some(())).await;
    let elapsed = started.elapsed().as_secs_f64();
    let per_message = |seconds: f64| seconds / MESSAGES as f64 * 1e6;
    Pair {
        floor,
        service: MESSAGES as f64 / elapsed,
        own_cpu_us: per_message(own.since(SERVICE)),
        postgres_cpu_us: per_message(postgres.since("postgres")),
    }
}

/// As many messages as one statement can write, each of another order, with the bytes of the one that is there.
async fn fill(stack: &Stack) {
    let fill = format!(
        "INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at)
         SELECT tenant_id, id, id, ('x' || right(id::text, 1))::bit(4)::integer, exchange, routing_key, body, created_at
         FROM (SELECT * FROM outbox LIMIT 1) AS sample, generate_series(1, {MESSAGES}) AS n,
              LATERAL (SELECT overlay(sample.event_id::text PLACING right(gen_random_uuid()::text, 17) FROM 20)::uuid AS id WHERE n > 0) AS fresh"
    );
    stack.sql().execute(&fill).await.unwrap();
}
