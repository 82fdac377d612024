//! `POST /v1/ops/dead-letters/replay`.

use serde_json::{Value, json};
use shared::{cloudevents::CloudEvent, domain::permissions::Permission};
use tests::{Caller, Options, Partner, Request, Stack, raw_id, sample, until};

/// The order that early news speaks of.
const ORDER: &str = "ord_0198f000000070008000000000000001";
/// A tenant that there is not yet.
const LATER: &str = "ten_0198f000000070008000000000000002";

fn replay<'c>(caller: &'c Caller, body: &Value) -> Request<'c> {
    caller.post("/v1/ops/dead-letters/replay").json(body)
}

fn everything() -> Value {
    json!({ "filter": {} })
}

fn reserved(tenant: &str, order: &str) -> CloudEvent {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
    Partner::event("/inventory", "inventory.reserved.v1", tenant, order, &data)
}

/// Publishes a message and waits until it is dead; the letter's id.
async fn die(stack: &Stack, body: &[u8]) -> String {
    let before = stack.sql().count("dead_letters").await;
    stack.partner().await.publish_bytes("inventory.events", "inventory.reserved", body).await;
    until("it is dead", async || (stack.sql().count("dead_letters").await > before).then_some(())).await;
    let id = stack.sql().value("SELECT replace(id::text, '-', '') AS id FROM dead_letters ORDER BY dead_letters.id DESC LIMIT 1").await;
    format!("dl_{}", id.as_str().unwrap())
}

/// News that waited for its order until its patience was over.
async fn dead_news(stack: &Stack, caller: &Caller) {
    stack.partner().await.publish("inventory.events", &reserved(&caller.key.tenant_id, ORDER)).await;
    until("it waits", async || (stack.sql().count("deferred_messages").await == 1).then_some(())).await;
    let aged = "UPDATE deferred_messages SET created_at = created_at - interval '73 hours', due_at = due_at - interval '1 hour'";
    stack.sql().execute(aged).await.unwrap();
    until("it is dead", async || (stack.sql().count("dead_letters").await == 1).then_some(())).await;
}

/// Places an order that gets the id that the news speaks of.
async fn place(stack: &Stack, caller: &Caller) {
    let forced = format!(
        "CREATE FUNCTION force_id() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := '{}'; RETURN NEW; END $$;
         CREATE TRIGGER force_id BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION force_id()",
        raw_id(ORDER)
    );
    stack.sql().execute(&forced).await.unwrap();
    caller.place(&sample::order()).await;
}

async fn nothing_is_deferred(stack: &Stack) {
    until("nothing is deferred", async || (stack.sql().count("deferred_messages").await == 0).then_some(())).await;
}

#[tokio::test]
async fn a_replayed_message_takes_effect_once_however_often_it_is_replayed() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, operator) = (stack.tenant().await, stack.operator());
    dead_news(&stack, &caller).await;
    place(&stack, &caller).await;
    let answer = replay(&operator, &everything()).key("again").send().await.expect(200);
    assert_eq!(answer.json(), json!({ "replayed": 1, "refused": [], "has_more": false, "next_after": null }));
    caller.order_once(ORDER, "status", "awaiting_payment").await;
    nothing_is_deferred(&stack).await;
    let again = replay(&operator, &everything()).key("again").send().await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", answer.json()));
    assert_eq!(replay(&operator, &everything()).new_key().send().await.expect(200).json()["replayed"], 0);
    // Even if the letter were open again, the inbox would know its message.
    stack.sql().execute("UPDATE dead_letters SET state = 'open'").await.unwrap();
    assert_eq!(replay(&operator, &everything()).new_key().send().await.expect(200).json()["replayed"], 1);
    nothing_is_deferred(&stack).await;
    assert_eq!(caller.order(ORDER).await["version"], 2);
    let trail = format!("audit WHERE tenant_id = '{}' AND action = 'dead_letters.replayed'", raw_id(&caller.key.tenant_id));
    assert_eq!(stack.sql().count(&trail).await, 2);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_letter_of_an_unknown_tenant_is_replayed_once_there_is_one() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, operator) = (stack.tenant().await, stack.operator());
    let id = die(&stack, &reserved(LATER, ORDER).encode_structured()).await;
    let refused = replay(&operator, &json!({ "ids": [id] })).new_key().send().await.expect(200).json();
    assert_eq!(refused["refused"], json!([{ "id": id, "reason": "unknown_tenant" }]));
    let born = format!(
        "INSERT INTO tenants SELECT '{}', name, status, policy, version, created_at, updated_at FROM tenants WHERE tenant_id = '{}'",
        raw_id(LATER),
        raw_id(&caller.key.tenant_id)
    );
    stack.sql().execute(&born).await.unwrap();
    assert_eq!(replay(&operator, &json!({ "ids": [id] })).new_key().send().await.expect(200).json()["replayed"], 1);
    // Its order is not there, so it waits for it, in its tenant.
    let waits = format!("deferred_messages WHERE tenant_id = '{}' AND class = 'parked'", raw_id(LATER));
    until("it waits for its order", async || (stack.sql().count(&waits).await == 1).then_some(())).await;
    assert_eq!(stack.sql().value("SELECT state FROM dead_letters").await, "replayed");
    assert_eq!(stack.sql().count(&format!("audit WHERE tenant_id = '{}'", raw_id(LATER))).await, 1);
}

#[tokio::test]
async fn what_cannot_be_tried_again_is_named_and_stays() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, operator) = (stack.tenant().await, stack.operator());
    let garbage = die(&stack, b"{").await;
    let oversized = die(&stack, &vec![b' '; 70_000]).await;
    let mut nobodys = reserved(&caller.key.tenant_id, ORDER);
    nobodys.r#type = "nobody.knows.v1".into();
    stack.partner().await.publish("orders.dead", &nobodys).await;
    until("all are dead", async || (stack.sql().count("dead_letters").await == 3).then_some(())).await;
    let answer = replay(&operator, &everything()).new_key().send().await.expect(200).json();
    assert_eq!(answer["replayed"], 0);
    let reason = |id: &str| answer["refused"].as_array().unwrap().iter().find(|refused| refused["id"] == id).unwrap()["reason"].clone();
    assert_eq!((reason(&garbage), reason(&oversized)), (json!("not_an_event"), json!("not_an_event")));
    assert!(answer["refused"].as_array().unwrap().iter().any(|refused| refused["reason"] == "unknown_consumer"));
    assert_eq!(stack.sql().count("dead_letters WHERE state = 'open'").await, 3);
    assert_eq!(stack.sql().count("deferred_messages").await, 0);
}

#[tokio::test]
async fn what_dies_again_is_a_new_letter() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, operator) = (stack.tenant().await, stack.operator());
    let mut stolen = reserved(&caller.key.tenant_id, ORDER);
    stolen.r#type = "inventory.stolen.v1".into();
    die(&stack, &stolen.encode_structured()).await;
    assert_eq!(replay(&operator, &everything()).new_key().send().await.expect(200).json()["replayed"], 1);
    let states = until("it is dead again", async || {
        Some(stack.sql().rows("SELECT state FROM dead_letters ORDER BY id").await).filter(|rows| rows.len() == 2)
    });
    assert_eq!(states.await, [json!({ "state": "replayed" }), json!({ "state": "open" })]);
    nothing_is_deferred(&stack).await;
}

#[tokio::test]
async fn replayed_messages_are_due_at_the_rate_that_was_asked_for() {
    let stack = Stack::start(Options::broker().except(&["retry-deferred-messages"])).await;
    let (caller, operator) = (stack.tenant().await, stack.operator());
    for number in 1..=3 {
        let mut stolen = reserved(&caller.key.tenant_id, ORDER);
        stolen.r#type = format!("inventory.stolen.v{number}");
        die(&stack, &stolen.encode_structured()).await;
    }
    let slowly = json!({ "filter": { "consumer": "on-inventory-event" }, "rate_per_second": 2 });
    assert_eq!(replay(&operator, &slowly).new_key().send().await.expect(200).json()["replayed"], 3);
    let due = "SELECT extract(epoch FROM due_at - min(due_at) OVER ())::float AS s FROM deferred_messages ORDER BY due_at";
    let due: Vec<_> = stack.sql().rows(due).await.into_iter().map(|row| row["s"].as_f64().unwrap()).collect();
    assert_eq!(due, [0.0, 0.5, 1.0]);
}

#[tokio::test]
async fn no_tenant_replays_another_ones_even_with_the_scope() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, stranger) = (stack.tenant().await, stack.tenant_with_scopes(&[Permission::OpsWrite]).await);
    let mut stolen = reserved(&caller.key.tenant_id, ORDER);
    stolen.r#type = "inventory.stolen.v1".into();
    let id = die(&stack, &stolen.encode_structured()).await;
    let answer = replay(&stranger, &json!({ "ids": [id] })).new_key().send().await.expect(200).json();
    assert_eq!(answer["refused"], json!([{ "id": id, "reason": "not_found" }]));
    let theirs = json!({ "filter": { "tenant_id": caller.key.tenant_id } });
    assert_eq!(replay(&stranger, &theirs).new_key().send().await.expect(200).json()["replayed"], 0);
    replay(&caller, &everything()).new_key().send().await.problem(403, "insufficient_scope");
    assert_eq!(stack.sql().count("dead_letters WHERE state = 'open'").await, 1);
}
