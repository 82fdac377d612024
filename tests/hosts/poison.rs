//! Ten messages, one of which does not fit its type: by each trigger the nine take effect once, and the one is dead with its reason.

use serde_json::{Value, json, value::to_raw_value};
use shared::cloudevents::{self, CloudEvent};
use tests::{Caller, Emulator, Options, Partner, Process, Program, Servers, Stack, sample, until};

use super::triggers::{batch, packed};

const CONSUMER: &str = "on-inventory-event";
const QUEUE: &str = "order-service.inventory-events";
/// Which of the ten.
const POISON: usize = 4;

/// Ten orders, and what is said of each.
struct Ten {
    stack: Stack,
    events: Vec<CloudEvent>,
}

impl Ten {
    async fn of(stack: Stack) -> Self {
        let caller = stack.tenant().await;
        let mut events = Vec::new();
        for place in 0..10 {
            events.push(reserved(&caller, place == POISON).await);
        }
        Self { stack, events }
    }

    /// What the ten have come to, however often each was brought.
    async fn assert_nine_took_effect_and_one_is_dead(&self) {
        let sql = self.stack.sql();
        let settled = async || (sql.count("inbox").await == 9 && sql.count("dead_letters").await > 0).then_some(());
        until("all are settled", settled).await;
        assert_eq!(sql.count("order_history WHERE action = 'stock_reserved'").await, 9);
        let dead = sql.rows("SELECT DISTINCT message_id, reason_class, reason <> '' AS is_told FROM dead_letters").await;
        assert_eq!(dead, [json!({ "message_id": self.events[POISON].id, "reason_class": "malformed", "is_told": true })]);
        sql.assert_books_are_right().await;
    }
}

/// What the inventory service says of a new order; as poison it says it in words that do not fit.
async fn reserved(caller: &Caller, is_poison: bool) -> CloudEvent {
    let order = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order, "lines": [] });
    let mut event = Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, &order, &data);
    if is_poison {
        event.data = to_raw_value(&json!({ "reservation_id": 7 })).unwrap();
    }
    event
}

#[tokio::test]
async fn a_queue_brings_ten_and_nine_take_effect() {
    let ten = Ten::of(Stack::start(Options::broker()).await).await;
    let partner = ten.stack.partner().await;
    for event in ten.events.iter().chain(&ten.events) {
        partner.publish("inventory.events", event).await;
    }
    ten.assert_nine_took_effect_and_one_is_dead().await;
    until("the queue is empty", async || (partner.messages_in(QUEUE).await == 0).then_some(())).await;
}

#[tokio::test]
async fn a_dispatcher_posts_ten_and_nine_take_effect() {
    let ten = Ten::of(Stack::start(Options::http()).await).await;
    let process = Process::start(Program::Function(CONSUMER), &[], ten.stack.environment()).await;
    let address = format!("http://127.0.0.1:{}/", process.port("server.port"));
    for (place, event) in ten.events.iter().enumerate().chain(ten.events.iter().enumerate()) {
        let request = Servers::http_client().post(&address).header("content-type", cloudevents::CONTENT_TYPE);
        let status = request.body(event.encode_structured()).send().await.unwrap().status().as_u16();
        assert_eq!(status, if place == POISON { 202 } else { 204 });
    }
    ten.assert_nine_took_effect_and_one_is_dead().await;
}

#[tokio::test]
async fn amazon_mq_brings_a_batch_of_ten_and_nine_take_effect() {
    let ten = Ten::of(Stack::start(Options::http()).await).await;
    let mut emulator = Emulator::start().await;
    emulator.host(CONSUMER, ten.stack.environment());
    let messages: Vec<Value> =
        ten.events.iter().map(|event| packed(&event.encode_structured(), cloudevents::CONTENT_TYPE, &Value::Null)).collect();
    for _ in 0..2 {
        assert_eq!(emulator.invoke(CONSUMER, &batch(QUEUE, &messages)).await, Ok(Value::Null));
    }
    ten.assert_nine_took_effect_and_one_is_dead().await;
}
