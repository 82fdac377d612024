//! What was deferred takes effect as soon as it can, once; what never can is dead in the end.

use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use tests::{Caller, Options, Partner, Stack, raw_id, sample, until};

/// The order that early news speaks of.
const ORDER: &str = "ord_0198f000000070008000000000000001";

#[tokio::test]
async fn early_news_takes_effect_as_soon_as_its_order_appears() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    park(&stack, &reserved(&caller)).await;
    // By itself it would be looked at in an hour.
    move_due(&stack, "+ interval '1 hour'").await;
    place_as(&stack, &caller, ORDER).await;
    caller.order_once(ORDER, "status", "awaiting_payment").await;
    gone(&stack).await;
    assert_eq!(stack.sql().count("inbox WHERE consumer = 'on-inventory-event'").await, 1);
    assert_eq!(stack.sql().count("dead_letters").await, 0);
}

#[tokio::test]
async fn early_news_is_looked_at_again_even_if_nobody_says_that_its_order_appeared() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    park(&stack, &reserved(&caller)).await;
    move_due(&stack, "+ interval '1 hour'").await;
    place_as(&stack, &caller, ORDER).await;
    // As if the order had been committed while the news was being parked.
    move_due(&stack, "- interval '1 hour'").await;
    caller.order_once(ORDER, "status", "awaiting_payment").await;
    gone(&stack).await;
}

#[tokio::test]
async fn a_message_that_found_its_order_busy_takes_effect_later() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let id = order["id"].as_str().unwrap();
    let sql = stack.sql();
    let mut busy = sql.pool().acquire().await.unwrap();
    let lock = format!("BEGIN; SELECT id FROM orders WHERE id = '{}' FOR UPDATE", raw_id(id));
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut *busy).await.unwrap();
    stack.partner().await.publish("inventory.events", &about(&caller, id)).await;
    until("it waits", async || (class(&stack).await == "retry").then_some(())).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut *busy).await.unwrap();
    caller.order_once(id, "status", "awaiting_payment").await;
    gone(&stack).await;
    sql.assert_books_are_right().await;
}

#[tokio::test]
async fn what_fails_each_time_is_dead_after_five_tries() {
    // The payment service is away for good: nothing is ever sent.
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    caller.place(&sample::order()).await;
    until("it waits", async || (class(&stack).await == "retry").then_some(())).await;
    let dead = until("it is dead", async || {
        move_due(&stack, "- interval '1 day'").await;
        stack.sql().rows("SELECT consumer, reason_class FROM dead_letters").await.pop()
    })
    .await;
    assert_eq!(dead, json!({ "consumer": "send-payment-operation", "reason_class": "exhausted" }));
    gone(&stack).await;
    let tries: Vec<_> = settled(&stack).into_iter().filter(|line| line["labels.consumer"] == "send-payment-operation").collect();
    let outcomes: Vec<_> = tries.iter().map(|line| line["labels.outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["retry", "retry", "retry", "retry", "retry", "dead"]);
}

#[tokio::test]
async fn news_of_an_order_that_never_appears_is_dead_after_three_days() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let event = reserved(&caller);
    park(&stack, &event).await;
    let aged = "UPDATE deferred_messages SET created_at = created_at - interval '73 hours', due_at = due_at - interval '1 hour'";
    stack.sql().execute(aged).await.unwrap();
    gone(&stack).await;
    let dead = stack.sql().rows("SELECT message_id, reason_class, type FROM dead_letters").await;
    assert_eq!(dead, [json!({ "message_id": event.id, "reason_class": "never_known", "type": "inventory.reserved.v1" })]);
    assert_eq!(stack.sql().count("inbox").await, 0, "what took no effect is not claimed");
}

/// The effect is committed before the row goes: whoever dies between them leaves this.
#[tokio::test]
async fn a_row_whose_message_has_taken_effect_goes_without_another() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    park(&stack, &reserved(&caller)).await;
    move_due(&stack, "+ interval '1 hour'").await;
    let effect = "INSERT INTO inbox SELECT tenant_id, consumer, source, message_id, created_at FROM deferred_messages";
    stack.sql().execute(effect).await.unwrap();
    place_as(&stack, &caller, ORDER).await;
    gone(&stack).await;
    assert_eq!(caller.order(ORDER).await["version"], 1);
}

#[tokio::test]
async fn two_processes_try_each_message_once() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let _second = stack.another(&["--only", "retry-deferred-messages"]).await;
    let partner = stack.partner().await;
    let orders: Vec<String> = (1..=40).map(|number| format!("ord_0198f0000000700080000000{number:08}")).collect();
    for order in &orders {
        partner.publish("inventory.events", &about(&caller, order)).await;
    }
    until("all wait", async || (stack.sql().count("deferred_messages").await == 40).then_some(())).await;
    let aged = "UPDATE deferred_messages SET created_at = created_at - interval '73 hours', due_at = due_at - interval '1 hour'";
    stack.sql().execute(aged).await.unwrap();
    gone(&stack).await;
    assert_eq!(stack.sql().count("dead_letters").await, 40);
}

/// News of [`ORDER`].
fn reserved(caller: &Caller) -> CloudEvent {
    about(caller, ORDER)
}

fn about(caller: &Caller, order: &str) -> CloudEvent {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
    Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, order, &data)
}

/// Publishes an event and waits until it is parked.
async fn park(stack: &Stack, event: &CloudEvent) {
    stack.partner().await.publish("inventory.events", event).await;
    until("it is parked", async || (class(stack).await == "parked").then_some(())).await;
}

/// Places an order that gets this id: news of it can be there before it.
async fn place_as(stack: &Stack, caller: &Caller, id: &str) {
    let id = raw_id(id);
    let forced = format!(
        "CREATE FUNCTION force_id() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := '{id}'; RETURN NEW; END $$;
         CREATE TRIGGER force_id BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION force_id()"
    );
    stack.sql().execute(&forced).await.unwrap();
    caller.place(&sample::order()).await;
}

/// Moves the time at which what is deferred is due: the test's clock.
async fn move_due(stack: &Stack, by: &str) {
    stack.sql().execute(&format!("UPDATE deferred_messages SET due_at = due_at {by}")).await.unwrap();
}

async fn gone(stack: &Stack) {
    until("nothing is deferred", async || (stack.sql().count("deferred_messages").await == 0).then_some(())).await;
}

/// Why the only deferred message waits.
async fn class(stack: &Stack) -> Value {
    stack.sql().value("SELECT class FROM deferred_messages").await
}

fn settled(stack: &Stack) -> Vec<Value> {
    stack.logs().with_message("message settled")
}
