//! How fast a consumer works off a queue that is full: news that changes orders, and news that they know already.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::domain::ids::OrderId;
use tests::{Options, Partner, Process, Program, Stack, until};

use super::{Pair, broker::Broker};
use crate::{
    client::{Load, Traffic},
    measured::CpuSeconds,
};

/// Orders that the news is about, one message each; more may be placed.
const ORDERS: usize = 4_000;
/// What consumes, and its process's name in /proc, which has room for 15 letters.
const CONSUMER: &str = "on-inventory-event";
const PROCESS: &str = "on-inventory-ev";
/// Its queue and where that is bound.
const QUEUE: &str = "order-service.inventory-events";
const EXCHANGE: &str = "inventory.events";

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Consumed {
    /// News that changes an order.
    pub news: Pair,
    /// News that its order knows already.
    pub repeats: Pair,
    /// The lower floor: each message is noted in a table before it is acknowledged, those that came together in one transaction.
    pub noted: f64,
}

/// Places the orders, then works off one message about each, twice.
pub async fn measure() -> Consumed {
    let stack = Stack::start(Options::broker().only("create-order")).await;
    let caller = stack.tenant().await;
    let place = Load {
        url: stack.url(),
        traffic: Traffic::PlaceOrders(caller.key.clone()),
        clients: 16,
        length: Duration::from_secs(1),
        each_every: None,
    };
    let mut placed = 0;
    while placed < ORDERS {
        placed += place.run(place.length).await.len();
    }
    stack.sql().execute("ANALYZE").await.unwrap();
    let rows = stack.sql().rows(&format!("SELECT id FROM orders LIMIT {ORDERS}")).await;
    let orders: Vec<String> = rows.iter().map(|row| OrderId::new(row["id"].as_str().unwrap().parse().unwrap()).to_string()).collect();
    // It declares its queue when it starts for the first time.
    drop(start(&stack).await);
    let broker = Broker::connect(stack.amqp_url()).await;
    let news = work_off(&stack, &broker, &reserved(&caller.key.tenant_id, &orders)).await;
    assert_eq!(stack.sql().count("outbox WHERE routing_key = 'order.stock_reserved'").await as usize, ORDERS, "effects happen once");
    let repeats = work_off(&stack, &broker, &reserved(&caller.key.tenant_id, &orders)).await;
    assert_eq!(stack.sql().count("outbox WHERE routing_key = 'order.stock_reserved'").await as usize, ORDERS, "effects happen once");
    broker.publish(EXCHANGE, "inventory.reserved", &reserved(&caller.key.tenant_id, &orders)).await;
    let noted = broker.consume_noting(QUEUE, ORDERS, &stack.sql()).await;
    Consumed { news, repeats, noted }
}

async fn start(stack: &Stack) -> Process {
    let environment = [stack.environment(), &[("CONSUME", "amqp".to_owned())]].concat();
    let process = Process::start(Program::Function(CONSUMER), &[], &environment).await;
    let partner = stack.partner().await;
    until("the queue is consumed", async || partner.is_consumed(QUEUE).await.then_some(())).await;
    process
}

/// The inventory service's answer to each order, under an id of its own.
fn reserved(tenant: &str, orders: &[String]) -> Vec<Vec<u8>> {
    let event = |order: &String| {
        let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
        Partner::event("/inventory", "inventory.reserved.v1", tenant, order, &data).encode_structured()
    };
    orders.iter().map(event).collect()
}

/// Fills the queue and empties it without the service, then once more with it.
async fn work_off(stack: &Stack, broker: &Broker, bodies: &[Vec<u8>]) -> Pair {
    broker.publish(EXCHANGE, "inventory.reserved", bodies).await;
    let floor = broker.consume(QUEUE, bodies.len()).await;
    broker.publish(EXCHANGE, "inventory.reserved", bodies).await;
    let sql = stack.sql();
    let settled = async || sql.count("inbox").await as usize;
    let before = settled().await;
    let postgres = CpuSeconds::read("postgres");
    let _service = start(stack).await;
    let own = CpuSeconds::read(PROCESS);
    let (first, started) = (settled().await, Instant::now());
    until("the queue is worked off", async || (settled().await == before + bodies.len()).then_some(())).await;
    let count = (before + bodies.len() - first) as f64;
    Pair {
        floor,
        service: count / started.elapsed().as_secs_f64(),
        own_cpu_us: own.since(PROCESS) / count * 1e6,
        postgres_cpu_us: postgres.since("postgres") / bodies.len() as f64 * 1e6,
    }
}
