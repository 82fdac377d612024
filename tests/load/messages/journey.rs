//! How long an event is on its way, from the change that it tells of to a consumer, while orders come at a steady rate.

use std::time::Duration;

use jiff::Timestamp;
use tests::{Listener, Options, Stack, until};

use crate::{
    client::{Load, Traffic},
    measured::percentile_ms,
};

/// Orders placed a second, come what may.
pub const ORDERS_PER_SECOND: u32 = 500;
/// Clients that place them, each at its share of the rate.
const CLIENTS: u32 = 50;
/// The load before the measurement: pools connect and plans are made.
const WARM_UP: Duration = Duration::from_secs(2);

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Journey {
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// What the rate came to: less means that the service did not keep up.
    pub placed_per_second: f64,
}

/// Places orders for so long, endpoint and relay in processes of their own, and hears of each.
pub async fn measure(length: Duration) -> Journey {
    let stack = Stack::start(Options::broker().only("create-order")).await;
    let _relay = stack.another(&["--only", "outbox-relay"]).await;
    let partner = stack.partner().await;
    until("the exchanges are declared", async || partner.has_exchange("orders.commands").await.then_some(())).await;
    let _commands = partner.listen_to_commands().await;
    let mut events = partner.listen("orders.events", "order.created").await;
    let caller = stack.tenant().await;
    let each_every = Some(Duration::from_secs(1) * CLIENTS / ORDERS_PER_SECOND);
    let load = Load { url: stack.url(), traffic: Traffic::PlaceOrders(caller.key.clone()), clients: CLIENTS as usize, length, each_every };
    let warm = load.run(WARM_UP).await.len();
    hear(&mut events, warm).await;
    stack.sql().execute("ANALYZE").await.unwrap();

    let placing = load.run(length);
    let hearing = tokio::spawn(async move { hear_until_silence(&mut events).await });
    let placed = placing.await.len();
    let mut journeys = hearing.await.unwrap();
    assert_eq!(journeys.len(), placed, "every order was heard of, once");
    journeys.sort_unstable();
    Journey {
        p50_ms: percentile_ms(&journeys, 0.5),
        p99_ms: percentile_ms(&journeys, 0.99),
        placed_per_second: placed as f64 / length.as_secs_f64(),
    }
}

async fn hear(events: &mut Listener, count: usize) {
    for _ in 0..count {
        events.next().await;
    }
}

/// From each change's own time, which is a little before its commit, to the moment at which its event is here.
async fn hear_until_silence(events: &mut Listener) -> Vec<Duration> {
    let mut journeys = Vec::new();
    while let Some(event) = events.next_within(Duration::from_secs(2)).await {
        let changed: Timestamp = event.time.as_deref().unwrap().parse().unwrap();
        journeys.push(Timestamp::now().duration_since(changed).unsigned_abs());
    }
    journeys
}
