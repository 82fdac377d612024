//! What the broker gave up on becomes a dead letter of the consumer that it killed. (`chaos` kills consumers for it.)

use serde_json::{Value, json};
use shared::cloudevents::CloudEvent;
use tests::{Caller, Options, Partner, Stack, sample, until};

/// Where the broker puts what it gives up on.
const DEAD: &str = "orders.dead";
const UNKNOWN_ORDER: &str = "ord_0198f000000070008000000000000001";

#[tokio::test]
async fn a_message_that_killed_its_consumer_is_filed_and_no_handler_sees_it() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant().await;
    let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    stack.partner().await.publish(DEAD, &reserved(&caller, &id)).await;
    let letter = letters(&stack, 1).await.remove(0);
    assert_eq!((&letter["consumer"], &letter["reason_class"]), (&json!("on-inventory-event"), &json!("killed_consumer")));
    assert_eq!((&letter["type"], &letter["state"]), (&json!("inventory.reserved.v1"), &json!("open")));
    assert!(letter["tenant_id"].is_string());
    assert_eq!(caller.order(&id).await["status"], "pending");
    assert_eq!(stack.sql().count("inbox").await, 0);
}

#[tokio::test]
async fn whatever_it_is_it_is_filed() {
    let stack = Stack::start(Options::broker()).await;
    let partner = stack.partner().await;
    let caller = stack.tenant().await;
    let mut of_nobody = reserved(&caller, UNKNOWN_ORDER);
    of_nobody.tenantid = Some("ten_0198f000000070008000000000000002".into());
    let mut nobodys_type = reserved(&caller, UNKNOWN_ORDER);
    nobodys_type.r#type = "nobody.knows.v1".into();
    let bodies = [
        (of_nobody.encode_structured(), "on-inventory-event"),
        (nobodys_type.encode_structured(), "unknown"),
        (b"{".to_vec(), "unknown"),
        (vec![b' '; 200_000], "unknown"),
        // What JSON can spell and PostgreSQL cannot keep.
        (br#"{"specversion":"1.0","id":"\u0000","source":"/inventory","type":"t.v1","data":{"a\u0000b":"\u0000"}}"#.to_vec(), "unknown"),
    ];
    for (count, (body, consumer)) in bodies.iter().enumerate() {
        partner.publish_bytes(DEAD, "inventory.reserved", body).await;
        let letter = letters(&stack, count + 1).await.pop().unwrap();
        assert_eq!((&letter["consumer"], &letter["reason_class"]), (&json!(consumer), &json!("killed_consumer")), "{letter}");
    }
    assert_eq!(partner.messages_in("order-service.dead-letters").await, 0);
}

#[tokio::test]
async fn the_same_bytes_are_one_letter_while_it_is_open() {
    let stack = Stack::start(Options::broker()).await;
    let (caller, partner) = (stack.tenant().await, stack.partner().await);
    let event = reserved(&caller, UNKNOWN_ORDER);
    for occurrences in 1..=3 {
        partner.publish(DEAD, &event).await;
        until("it is counted", async || (counts(&stack).await == [json!(occurrences)]).then_some(())).await;
    }
    // Another message under the same id is no repeat.
    let mut other = event.clone();
    other.data = serde_json::value::to_raw_value(&json!({ "something": "else" })).unwrap();
    partner.publish(DEAD, &other).await;
    letters(&stack, 2).await;
    stack.sql().execute("UPDATE dead_letters SET state = 'discarded'").await.unwrap();
    partner.publish(DEAD, &event).await;
    assert_eq!(letters(&stack, 3).await.pop().unwrap()["state"], "open", "what is settled stays settled");
}

fn reserved(caller: &Caller, order: &str) -> CloudEvent {
    let data = json!({ "reservation_id": format!("{order}:1"), "order_id": order });
    Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, order, &data)
}

/// The letters, oldest first, once there are so many.
async fn letters(stack: &Stack, count: usize) -> Vec<Value> {
    until(&format!("there are {count} dead letters"), async || {
        Some(stack.sql().rows("SELECT * FROM dead_letters ORDER BY id").await).filter(|letters| letters.len() == count)
    })
    .await
}

async fn counts(stack: &Stack) -> Vec<Value> {
    stack.sql().rows("SELECT occurrences FROM dead_letters").await.into_iter().map(|row| row["occurrences"].clone()).collect()
}
