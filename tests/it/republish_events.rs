//! `POST /v1/ops/events/republish`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::domain::permissions::Permission;
use tests::{Caller, Options, Request, Stack, raw_id, sample, until};

/// An order that only publishes events.
fn unpaid() -> Value {
    sample::with(|order| order["payments"] = json!([]))
}

/// All of our events of these years, but for what is said otherwise.
fn republish<'c>(caller: &'c Caller, more: &Value) -> Request<'c> {
    let mut body = json!({ "from": "0001-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    caller.post("/v1/ops/events/republish").json(&body)
}

async fn everything_is_published(stack: &Stack) {
    until("everything is published", async || (stack.sql().count("outbox WHERE published_at IS NULL").await == 0).then_some(())).await;
}

/// Id and bytes of every event of ours, in the order of publication.
async fn events(stack: &Stack) -> Vec<Value> {
    stack.sql().rows("SELECT event_id, body FROM outbox WHERE exchange = 'orders.events' AND republishes IS NULL ORDER BY seq").await
}

#[tokio::test]
async fn events_are_sent_again_with_their_ids_and_bytes_in_their_order_and_commands_are_not() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    for _ in 0..2 {
        let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
        caller.order_once(&id, "status", "completed").await;
    }
    everything_is_published(&stack).await;
    let partner = stack.partner().await;
    let (mut again, mut commands) = (partner.listen("orders.events", "#").await, partner.listen_to_commands().await);
    let written = events(&stack).await;
    let answer = republish(&stack.operator(), &json!({ "tenant_id": caller.key.tenant_id })).key("once").send().await.expect(200);
    assert_eq!(answer.json(), json!({ "republished": written.len(), "has_more": false, "next_after": null }));
    let mut sequences: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut bytes = Vec::new();
    for _ in &written {
        let event = again.next().await;
        sequences.entry(event.subject.clone().unwrap()).or_default().push(event.extension_integer("sequence").unwrap());
        bytes.push(format!("\\x{}", event.encode_structured().iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
    }
    bytes.sort();
    let mut expected: Vec<_> = written.iter().map(|row| row["body"].as_str().unwrap().to_owned()).collect();
    expected.sort();
    assert_eq!(bytes, expected);
    assert!(sequences.values().all(|numbers| numbers.iter().copied().eq(1..=i64::try_from(numbers.len()).unwrap())), "{sequences:?}");
    // The same request again sends nothing more.
    let replayed = republish(&stack.operator(), &json!({ "tenant_id": caller.key.tenant_id })).key("once").send().await.expect(200);
    assert_eq!((replayed.header("idempotency-replayed"), replayed.json()), ("true", answer.json()));
    everything_is_published(&stack).await;
    let none = std::time::Duration::from_millis(200);
    assert!(again.next_within(none).await.is_none() && commands.next_within(none).await.is_none());
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn what_is_sent_again_is_chosen_by_order_type_and_time() {
    let stack = Stack::start(Options::whole()).await;
    let (one, other) = (stack.tenant_without_stock().await, stack.tenant_without_stock().await);
    let order = one.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    for caller in [&one, &other] {
        caller.place(&unpaid()).await;
    }
    one.order_once(&order, "status", "completed").await;
    everything_is_published(&stack).await;
    let operator = stack.operator();
    let all = i64::try_from(events(&stack).await.len()).unwrap();
    let of_order = stack.sql().count(&format!("outbox WHERE exchange = 'orders.events' AND order_id = '{}'", raw_id(&order))).await;
    for (which, count) in [
        (json!({}), all),
        (json!({ "tenant_id": other.key.tenant_id }), 1),
        (json!({ "order_id": order }), of_order),
        (json!({ "types": ["order.created.v1"] }), 3),
        (json!({ "types": ["order.created.v1", "order.paid.v1"], "tenant_id": one.key.tenant_id }), 3),
        (json!({ "to": "2020-02-01T00:00:00Z" }), 0),
        (json!({ "from": "2099-01-01T00:00:00Z" }), 0),
    ] {
        // What was sent again is no event of its own that could be sent again.
        assert_eq!(republish(&operator, &which).new_key().send().await.expect(200).json()["republished"], count, "{which}");
        everything_is_published(&stack).await;
    }
    let trail = format!("audit WHERE tenant_id = '{}' AND action = 'events.republished'", raw_id(&other.key.tenant_id));
    assert_eq!(stack.sql().count(&trail).await, 3);
    let errors =
        republish(&operator, &json!({ "types": ["shipping.request.v1"] })).new_key().send().await.problem(422, "validation_failed");
    assert_eq!(errors["errors"][0]["pointer"], "/types/0");
    let backwards = json!({ "from": "2020-01-01T00:00:00Z", "to": "2019-01-01T00:00:00Z" });
    republish(&operator, &backwards).new_key().send().await.problem(422, "validation_failed");
}

#[tokio::test]
async fn what_is_not_published_yet_is_not_sent_again() {
    let stack = Stack::start(Options::broker().except(&["outbox-relay"])).await;
    stack.tenant_without_stock().await.place(&unpaid()).await;
    assert_eq!(republish(&stack.operator(), &json!({})).new_key().send().await.expect(200).json()["republished"], 0);
}

#[tokio::test]
async fn a_call_sends_ten_thousand_and_says_where_to_go_on() {
    let stack = Stack::start(Options::http()).await;
    let (one, other) = (stack.tenant_without_stock().await, stack.tenant_without_stock().await);
    for caller in [&one, &other] {
        caller.place(&unpaid()).await;
        let more = format!(
            "INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, body, created_at)
             SELECT tenant_id, overlay(event_id::text PLACING lpad(to_hex(n), 12, '0') FROM 25)::uuid, order_id, shard, exchange, routing_key,
                 body, created_at
             FROM outbox, generate_series(1, 6000) AS n WHERE tenant_id = '{}'",
            raw_id(&caller.key.tenant_id)
        );
        stack.sql().execute(&more).await.unwrap();
    }
    stack.sql().execute("UPDATE outbox SET published_at = created_at").await.unwrap();
    let first = republish(&stack.operator(), &json!({})).new_key().send().await.expect(200).json();
    assert_eq!((&first["republished"], &first["has_more"]), (&json!(10_000), &json!(true)));
    let rest = republish(&stack.operator(), &json!({ "after": first["next_after"] })).new_key().send().await.expect(200).json();
    assert_eq!(rest, json!({ "republished": 2_002, "has_more": false, "next_after": null }));
    assert_eq!(stack.sql().value("SELECT count(DISTINCT republishes) AS n FROM outbox").await, 12_002);
}

/// Whoever asked for it would not get it any more: the row goes, and holds nothing up.
#[tokio::test]
async fn an_event_that_is_gone_is_passed_over() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    caller.place(&unpaid()).await;
    everything_is_published(&stack).await;
    let gone = "INSERT INTO outbox (tenant_id, event_id, order_id, shard, exchange, routing_key, republishes, created_at)
                SELECT tenant_id, gen_random_uuid(), order_id, shard, exchange, routing_key, gen_random_uuid(), created_at FROM outbox";
    stack.sql().execute(gone).await.unwrap();
    let mut events = stack.partner().await.listen("orders.events", "order.created").await;
    let order = caller.place(&unpaid()).await;
    assert_eq!(events.next().await.subject.as_deref(), order["id"].as_str());
    everything_is_published(&stack).await;
    assert!(!stack.logs().with_message("an event that is to be sent again is gone; nothing is sent").is_empty());
}

#[tokio::test]
async fn no_tenant_sends_another_ones_even_with_the_scope() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, stranger) = (stack.tenant_without_stock().await, stack.tenant_with_scopes(&[Permission::OpsWrite]).await);
    caller.place(&unpaid()).await;
    everything_is_published(&stack).await;
    for which in [json!({}), json!({ "tenant_id": caller.key.tenant_id })] {
        assert_eq!(republish(&stranger, &which).new_key().send().await.expect(200).json()["republished"], 0, "{which}");
    }
    republish(&caller, &json!({})).new_key().send().await.problem(403, "insufficient_scope");
}
