//! `GET /v1/ops/dead-letters`.

use serde_json::{Value, json};
use shared::domain::permissions::Permission;
use tests::{Caller, Options, Partner, Stack, until};

const PATH: &str = "/v1/ops/dead-letters";
/// An order that nobody places.
const ORDER: &str = "ord_0198f000000070008000000000000001";
/// What a message may carry and nobody but its reader may see.
const PLANTED: [&str; 3] = ["kim.lee@example.com", "Hauptstraße 7", "4111111111111111"];

/// Tells of something that nobody understands, which is a dead letter.
async fn die(stack: &Stack, caller: &Caller, r#type: &str) {
    let data = json!({ "email": PLANTED[0], "address": { "line1": PLANTED[1] }, "card": 4_111_111_111_111_111_i64, "n": rand_text() });
    let before = stack.sql().count("dead_letters").await;
    let event = Partner::event("/inventory", r#type, &caller.key.tenant_id, ORDER, &data);
    stack.partner().await.publish("inventory.events", &event).await;
    until("it is dead", async || (stack.sql().count("dead_letters").await > before).then_some(())).await;
}

fn rand_text() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn list(caller: &Caller, query: &str) -> Vec<Value> {
    caller.get(&format!("{PATH}{query}")).send().await.expect(200).json()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_operator_sees_the_letters_of_every_tenant_and_of_none_newest_first() {
    let stack = Stack::start(Options::broker()).await;
    let (one, other) = (stack.tenant().await, stack.tenant().await);
    die(&stack, &one, "inventory.stolen.v1").await;
    die(&stack, &other, "inventory.reserved.v2").await;
    stack.partner().await.publish_bytes("inventory.events", "inventory.reserved", b"{").await;
    until("all are dead", async || (stack.sql().count("dead_letters").await == 3).then_some(())).await;
    let letters = list(&stack.operator(), "").await;
    let owners: Vec<_> = letters.iter().map(|letter| letter["tenant_id"].clone()).collect();
    assert_eq!(owners, [Value::Null, json!(other.key.tenant_id), json!(one.key.tenant_id)]);
    let oldest = &letters[2];
    assert_eq!((&oldest["consumer"], &oldest["type"]), (&json!("on-inventory-event"), &json!("inventory.stolen.v1")));
    assert_eq!((&oldest["reason_class"], &oldest["state"], &oldest["occurrences"]), (&json!("unknown_type"), &json!("open"), &json!(1)));
    assert_eq!(oldest["preview"]["data"]["address"], json!({ "line1": "string" }));
    assert_eq!((&letters[0]["type"], &letters[0]["preview"]), (&Value::Null, &json!({ "not_json": true, "bytes": 1 })));
}

#[tokio::test]
async fn letters_of_one_cause_are_one_item() {
    let stack = Stack::start(Options::broker()).await;
    let (one, other) = (stack.tenant().await, stack.tenant().await);
    for caller in [&one, &other, &one] {
        die(&stack, caller, "inventory.stolen.v1").await;
    }
    die(&stack, &one, "inventory.lost.v1").await;
    // More of the first do not move it: it appeared before the other.
    die(&stack, &one, "inventory.stolen.v1").await;
    let first = stack.operator().get(&format!("{PATH}?group_by=cause&limit=1")).send().await.expect(200).json();
    let second = list(&stack.operator(), &format!("?group_by=cause&limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    let (lost, stolen) = (&first["data"][0], &second[0]);
    assert_eq!((&lost["type"], &lost["count"]), (&json!("inventory.lost.v1"), &json!(1)));
    assert_eq!((&stolen["type"], &stolen["count"], &stolen["occurrences"]), (&json!("inventory.stolen.v1"), &json!(4), &json!(4)));
    assert_eq!((&stolen["consumer"], &stolen["reason_class"]), (&json!("on-inventory-event"), &json!("unknown_type")));
    assert_eq!(stolen["example_id"], list(&stack.operator(), "?limit=1").await[0]["id"]);
    assert!(stolen["first_seen_at"].as_str() < stolen["last_seen_at"].as_str());
}

#[tokio::test]
async fn the_list_is_filtered_and_comes_in_pages() {
    let stack = Stack::start(Options::broker()).await;
    let (one, other) = (stack.tenant().await, stack.tenant().await);
    for (caller, r#type) in [(&one, "inventory.stolen.v1"), (&one, "inventory.lost.v1"), (&other, "inventory.lost.v1")] {
        die(&stack, caller, r#type).await;
    }
    let operator = stack.operator();
    let newest = list(&operator, "").await[0].clone();
    let at = newest["created_at"].as_str().unwrap();
    for (query, count) in [
        (format!("?tenant_id={}", one.key.tenant_id), 2),
        ("?consumer=on-inventory-event&type=inventory.lost.v1".to_owned(), 2),
        ("?consumer=on-payment-event".to_owned(), 0),
        ("?reason_class=unknown_type".to_owned(), 3),
        (format!("?reason={}", newest["reason"].as_str().unwrap().replace(' ', "%20")), 3),
        ("?reason=another".to_owned(), 0),
        ("?state=replayed".to_owned(), 0),
        (format!("?created_from={at}"), 1),
        (format!("?created_to={at}"), 2),
    ] {
        assert_eq!(list(&operator, &query).await.len(), count, "{query}");
    }
    let page = operator.get(&format!("{PATH}?limit=2")).send().await.expect(200).json();
    assert_eq!((page["data"].as_array().unwrap().len(), &page["has_more"]), (2, &json!(true)));
    assert_eq!(list(&operator, &format!("?limit=2&cursor={}", page["next_cursor"].as_str().unwrap())).await.len(), 1);
    operator.get(&format!("{PATH}?state=lost")).send().await.problem(422, "validation_failed");
}

#[tokio::test]
async fn no_value_of_a_message_is_in_any_answer_nor_in_the_trail() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    die(&stack, &caller, "inventory.stolen.v1").await;
    die(&stack, &caller, "inventory.lost.v1").await;
    let operator = stack.operator();
    let replay = json!({ "filter": { "type": "inventory.stolen.v1" } });
    let discard = json!({ "filter": { "type": "inventory.lost.v1" }, "reason": "sent_by_a_test" });
    let answers = [
        operator.get(PATH).send().await.expect(200),
        operator.get(&format!("{PATH}?group_by=cause")).send().await.expect(200),
        operator.post(&format!("{PATH}/replay")).new_key().json(&replay).send().await.expect(200),
        operator.post(&format!("{PATH}/discard")).new_key().json(&discard).send().await.expect(200),
    ];
    for answer in answers {
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!PLANTED.iter().any(|value| text.contains(value)), "{text}");
    }
    for value in PLANTED {
        assert_eq!(stack.sql().tables_with(value).await, Vec::<String>::new(), "{value}");
        assert!(!stack.logs().text().contains(value));
    }
}

#[tokio::test]
async fn no_tenant_sees_another_ones_even_with_the_scope() {
    let stack = Stack::start(Options::broker()).await;
    let (one, curious) = (stack.tenant().await, stack.tenant_with_scopes(&[Permission::OpsRead]).await);
    die(&stack, &one, "inventory.stolen.v1").await;
    stack.partner().await.publish_bytes("inventory.events", "inventory.reserved", b"{").await;
    until("both are dead", async || (stack.sql().count("dead_letters").await == 2).then_some(())).await;
    for query in [String::new(), "?group_by=cause".to_owned(), format!("?tenant_id={}", one.key.tenant_id)] {
        assert_eq!(list(&curious, &query).await, Vec::<Value>::new(), "{query}");
    }
    one.get(PATH).send().await.problem(403, "insufficient_scope");
}
