//! Messages that come together: each takes effect once, and what hinders one hinders no other.

use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use sqlx::Connection as _;
use tests::{Caller, Options, Partner, Process, Stack, raw_id, sample, until};

const CONSUMER: &str = "on-inventory-event";
const QUEUE: &str = "order-service.inventory-events";

/// A service whose inventory messages wait in their queue until [`Scene::consume`].
struct Scene {
    stack: Stack,
    partner: Partner,
    caller: Caller,
}

impl Scene {
    async fn start() -> Self {
        let stack = Stack::start(Options::broker().except(&[CONSUMER])).await;
        let (partner, caller) = (stack.partner().await, stack.tenant().await);
        let _declares_its_queue = stack.another(&["--only", CONSUMER]).await;
        until("the queue is there", async || partner.is_consumed(QUEUE).await.then_some(())).await;
        Self { stack, partner, caller }
    }

    async fn place(&self, count: usize) -> Vec<String> {
        let mut orders = Vec::new();
        for _ in 0..count {
            orders.push(self.caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned());
        }
        orders
    }

    async fn publish(&self, events: &[CloudEvent]) {
        for event in events {
            self.partner.publish("inventory.events", event).await;
        }
    }

    async fn consume(&self) -> Process {
        self.stack.another(&["--only", CONSUMER]).await
    }

    /// How often an order was changed by an answer of the inventory service.
    async fn answers(&self, order: &str) -> i64 {
        self.stack.sql().count(&format!("order_history WHERE order_id = '{}' AND action LIKE 'stock_%'", raw_id(order))).await
    }
}

fn reserved(caller: &Caller, order: &str) -> CloudEvent {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
    Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, order, &data)
}

fn outcomes(process: &Process) -> Vec<String> {
    let mut outcomes: Vec<String> =
        process.logs().with_message("message settled").iter().map(|line| text(&line["labels.outcome"])).collect();
    outcomes.sort_unstable();
    outcomes
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn messages_of_many_orders_and_tenants_take_effect_once_each_in_few_transactions() {
    let scene = Scene::start().await;
    let stranger = scene.stack.tenant().await;
    let foreign = stranger.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let orders = scene.place(40).await;
    let mut events: Vec<CloudEvent> = orders.iter().map(|order| reserved(&scene.caller, order)).collect();
    events.push(reserved(&stranger, &foreign));
    // Every one comes twice.
    scene.publish(&[events.clone(), events.clone()].concat()).await;
    let sql = scene.stack.sql();
    let consumer = scene.consume().await;
    until("all are settled", async || (outcomes(&consumer).len() == 82).then_some(())).await;
    assert_eq!(outcomes(&consumer), vec!["done"; 82]);
    for order in orders.iter().chain([&foreign]) {
        assert_eq!(scene.answers(order).await, 1, "{order}");
    }
    assert_eq!(sql.count("inbox").await, 41);
    sql.assert_books_are_right().await;
    // A row remembers its transaction.
    assert!(sql.count("(SELECT DISTINCT xmin::text FROM inbox) AS transactions").await <= 20);
}

#[tokio::test]
async fn what_hinders_one_message_hinders_no_other() {
    let scene = Scene::start().await;
    let orders = scene.place(20).await;
    let unknown = format!("ord_{}", uuid::Uuid::now_v7().simple());
    let mut events: Vec<CloudEvent> = orders.iter().map(|order| reserved(&scene.caller, order)).collect();
    let mut poison = reserved(&scene.caller, &orders[3]);
    poison.data = serde_json::value::to_raw_value(&json!({ "reservation_id": 7 })).unwrap();
    let mut forged = reserved(&scene.caller, &orders[4]);
    forged.source = "/elsewhere".into();
    events.insert(5, poison);
    events.insert(9, forged);
    events.insert(12, reserved(&scene.caller, &unknown));
    scene.publish(&events).await;
    // One order is busy for as long as somebody holds it.
    let mut holder = sqlx::PgConnection::connect(scene.stack.database.administrator_url().as_str()).await.unwrap();
    let hold = format!("BEGIN; SELECT FROM orders WHERE id = '{}' FOR UPDATE", raw_id(&orders[7]));
    sqlx::raw_sql(sqlx::AssertSqlSafe(hold)).execute(&mut holder).await.unwrap();

    let consumer = scene.consume().await;
    until("all are settled", async || (outcomes(&consumer).len() == 23).then_some(())).await;
    let expected = [vec!["dead"; 2], vec!["done"; 19], vec!["park"], vec!["retry"]].concat();
    assert_eq!(outcomes(&consumer), expected);
    for (place, order) in orders.iter().enumerate() {
        assert_eq!(scene.answers(order).await, i64::from(place != 7), "{place}");
    }
    holder.close().await.unwrap();
    scene.caller.order_once(&orders[7], "status", "awaiting_payment").await;
}
