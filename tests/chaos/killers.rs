//! Messages that kill whoever takes them: after so many deaths each is a dead letter, and the service goes on.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{chaos::CrashPoint, cloudevents::CloudEvent, domain::deferral::TRIES_UNENDED_MAX};
use tests::{Caller, Options, Partner, Program, Stack, until, within};

/// An order that nobody places.
const ORDER: &str = "ord_0198f000000070008000000000000001";
/// Enough for a process to start and die a dozen times.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn the_service_survives_a_message_that_kills_its_consumer() {
    let (stack, caller) = start(&["on-inventory-event"]).await;
    // Its queue is there once it has run.
    drop(stack.another(&["--only", "on-inventory-event"]).await);
    let killer = news(&caller);
    stack.partner().await.publish("inventory.events", &killer).await;
    let letter = tokio::select! {
        letter = letter(&stack) => letter,
        never = die_again_and_again(&stack, "on-inventory-event", CrashPoint::MessageReceived, || ()) => match never {},
    };
    let expected = json!({
        "consumer": "on-inventory-event", "reason_class": "killed_consumer", "message_id": killer.id, "is_nobodys": false
    });
    assert_eq!(letter, expected);
    assert_eq!(stack.sql().count("inbox").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_survives_a_deferred_message_that_kills_whoever_tries_it() {
    let (stack, caller) = start(&["retry-deferred-messages"]).await;
    let killer = news(&caller);
    stack.partner().await.publish("inventory.events", &killer).await;
    until("it waits", async || (stack.sql().count("deferred_messages").await == 1).then_some(())).await;
    let mut deaths = 0;
    let due = || deaths += 1;
    let letter = tokio::select! {
        letter = letter(&stack) => letter,
        never = die_again_and_again(&stack, "retry-deferred-messages", CrashPoint::ChangeBeforeClaim, due) => match never {},
    };
    assert_eq!((&letter["consumer"], &letter["reason_class"]), (&json!("on-inventory-event"), &json!("killed_consumer")));
    assert_eq!((deaths, stack.sql().count("deferred_messages").await), (TRIES_UNENDED_MAX, 0));
}

/// Every function but these, and a tenant.
async fn start(without: &[&str]) -> (Stack, Caller) {
    let stack = Stack::start(Options::broker().except(without)).await;
    let caller = stack.tenant().await;
    (stack, caller)
}

/// Runs a function that dies at this point, whenever it is dead, for as long as somebody lets it; `died` hears of each death. What is
/// deferred is due each time: the test's clock.
async fn die_again_and_again(stack: &Stack, function: &str, point: CrashPoint, mut died: impl FnMut()) -> std::convert::Infallible {
    let environment = [stack.environment(), &[("CRASH_AT", point.as_str().to_owned())]].concat();
    loop {
        stack.sql().execute("UPDATE deferred_messages SET due_at = now() - interval '1 second'").await.unwrap();
        let output = Program::StandaloneChaos.run(&["--only", function], &environment).await;
        let last_words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(last_words.trim_end(), format!("crashed at {point}"));
        died();
    }
}

fn news(caller: &Caller) -> CloudEvent {
    let data = json!({ "reservation_id": format!("{ORDER}:1"), "order_id": ORDER });
    Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, ORDER, &data)
}

/// The dead letter, once there is one.
async fn letter(stack: &Stack) -> Value {
    let query = "SELECT consumer, reason_class, message_id, tenant_id IS NULL AS is_nobodys FROM dead_letters";
    within(PATIENCE, async || stack.sql().rows(query).await.pop()).await.expect("the message is a dead letter")
}
