//! Exchanges and queues: what the service declares is what the files say, and what is there otherwise stops one function and no other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use tests::{Options, Partner, Stack, sample, until};

const QUEUE: &str = "order-service.inventory-events";
const FUNCTION: &str = "on-inventory-event";
const MISMATCH: &str = "RabbitMQ has an object that is not as this function needs it; it waits until somebody deletes it";

/// The committed file, without the virtual host, which is another in each test.
fn definitions() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../k8s-knative/platform/rabbitmq/definitions.json");
    let mut definitions: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    definitions.as_object_mut().unwrap().remove("vhosts");
    for objects in definitions.as_object_mut().unwrap().values_mut() {
        objects.as_array_mut().unwrap().iter_mut().for_each(|object| drop(object.as_object_mut().unwrap().remove("vhost")));
    }
    definitions
}

/// The objects of one kind, each with those of its properties that the file names.
fn objects(all: &Value, kind: &str) -> BTreeSet<String> {
    let known = definitions()[kind][0].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let told = |object: &Value| known.iter().map(|name| (name.clone(), object[name].clone())).collect::<Map<_, _>>();
    all[kind].as_array().unwrap().iter().map(|object| Value::from(told(object)).to_string()).collect()
}

async fn assert_as_the_file_says(stack: &Stack) {
    let declared = stack.definitions().await;
    for kind in ["exchanges", "queues", "bindings"] {
        assert_eq!(objects(&declared, kind), objects(&definitions(), kind), "{kind}: on the left what is on the broker");
    }
}

#[tokio::test]
async fn what_is_declared_is_what_the_definitions_file_says() {
    assert_as_the_file_says(&Stack::start(Options::broker()).await).await;
}

#[tokio::test]
async fn a_broker_that_was_prepared_from_the_file_has_nothing_to_declare() {
    let stack = Stack::start(Options::broker().prepared(definitions())).await;
    assert_eq!(stack.logs().with_message(MISMATCH), Vec::<Value>::new());
    assert_as_the_file_says(&stack).await;
}

#[tokio::test]
async fn a_queue_with_other_properties_stops_its_function_until_it_is_deleted() {
    let mut prepared = definitions();
    let queue = prepared["queues"].as_array_mut().unwrap().iter_mut().find(|queue| queue["name"] == QUEUE).unwrap();
    queue["arguments"]["x-max-length"] = 5.into();
    let stack = Stack::start(Options::broker().prepared(prepared).idle(QUEUE)).await;
    let line = stack.logs().find(|line| line["message"] == MISMATCH).await.unwrap();
    let told = line["error.message"].as_str().unwrap();
    for word in [QUEUE, "x-max-length", "1000000", "5", "rabbitmqctl delete_queue order-service.inventory-events"] {
        assert!(told.contains(word), "{word:?} is not in {told}");
    }
    assert_eq!((&line["labels.function"], &line["log.level"]), (&json!(FUNCTION), &json!("error")));

    // The others go on, and so does the process.
    let caller = stack.tenant_without_stock().await;
    let partner = stack.partner().await;
    let _commands = partner.listen_to_commands().await;
    let id = pay(&stack, &caller.place(&sample::order()).await, &caller.key.tenant_id, &partner).await;
    caller.order_once(&id, "payment_status", "paid").await;
    assert_eq!(stack.fetch(&format!("{}/readyz", stack.url())).await.0, 200);
    until("it was tried again, again and again", async || (attempts(&stack.metrics().await) > 3).then_some(())).await;
    assert_eq!(stack.logs().with_message(MISMATCH).len(), 1, "one line, however often it is tried");

    partner.delete_queue(QUEUE).await;
    until("the queue is declared anew and consumed", async || partner.is_consumed(QUEUE).await.then_some(())).await;
    assert_as_the_file_says_of_queues(&stack).await;
}

/// (The test itself has bound a queue of its own.)
async fn assert_as_the_file_says_of_queues(stack: &Stack) {
    let declared = objects(&stack.definitions().await, "queues");
    assert!(objects(&definitions(), "queues").is_subset(&declared), "{declared:?}");
}

/// Tells that the first payment of an order was taken; the order's id.
async fn pay(stack: &Stack, order: &Value, tenant: &str, partner: &Partner) -> String {
    let id = order["id"].as_str().unwrap();
    let operation = stack.sql().value("SELECT 'op_' || replace(id::text, '-', '') FROM payment_operations").await;
    let data = json!({
        "id": operation, "kind": "capture", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": "ch_1", "occurred_at": "2026-11-22T10:00:00Z"
    });
    partner.publish("payments.events", &Partner::event("/payments", "payment.captured.v1", tenant, id, &data)).await;
    id.to_owned()
}

/// How often the function has lost its link.
fn attempts(metrics: &str) -> u64 {
    let line = metrics.lines().find(|line| line.starts_with("amqp_links_lost_total") && line.contains(FUNCTION));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}
