//! One `Idempotency-Key`, one order: however often, however late and however many at once.

use futures_util::future::join_all;
use tests::{Caller, Options, Stack, sample};

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_byte_for_byte() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let first = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    let second = caller.post("/v1/orders").key("\"k-1\"").json(&sample::order()).send().await.expect(201);
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("idempotency-replayed"), "true");
    for header in ["location", "etag", "content-type"] {
        assert_eq!(second.header(header), first.header(header), "{header}");
    }
    assert_eq!(stack.sql().count("orders").await, 1);
}

#[tokio::test]
async fn the_spelling_of_the_json_does_not_matter_to_a_key() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = sample::order();
    let first = caller.post("/v1/orders").key("k-1").json(&order).send().await.expect(201);
    let spaced = serde_json::to_vec_pretty(&order).unwrap();
    let request = caller.post("/v1/orders").key("k-1").bytes(spaced).header("content-type", "application/json; charset=utf-8");
    assert_eq!(request.send().await.expect(201).body, first.body);
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    let other = sample::with(|order| order["metadata"]["channel"] = "shop".into());
    caller.post("/v1/orders").key("k-1").json(&other).send().await.problem(422, "idempotency_key_reused");
    assert_eq!(stack.sql().count("orders").await, 1);
}

#[tokio::test]
async fn twenty_requests_at_once_with_one_key_place_one_order() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = sample::order();
    let answers = join_all((0..20).map(|_| caller.post("/v1/orders").key("k-1").json(&order).send())).await;
    let placed: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!placed.is_empty());
    assert!(placed.iter().all(|answer| answer.body == placed[0].body));
    assert_eq!(placed.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count(), 1);
    for other in answers.into_iter().filter(|answer| answer.status != 201) {
        assert_eq!(other.header("retry-after"), "1");
        other.problem(409, "idempotency_in_progress");
    }
    assert_eq!(stack.sql().count("orders").await, 1);
}

#[tokio::test]
async fn a_key_is_one_tenants_own() {
    let stack = Stack::start(Options::http()).await;
    let (one, other) = tokio::join!(stack.tenant(), stack.tenant());
    let place = |caller: Caller| async move { caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201).json() };
    assert_ne!(place(one).await["id"], place(other).await["id"]);
}

#[tokio::test]
async fn a_key_older_than_its_record_answers_with_the_order_as_it_is_now() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let first = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201).json();
    stack.sql().execute("DELETE FROM idempotency_records; UPDATE orders SET version = 7").await.unwrap();

    let late = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(200);
    assert_eq!((late.json()["id"].clone(), late.json()["version"].clone()), (first["id"].clone(), 7.into()));
    assert_eq!(late.header("etag"), "\"v7\"");
    let other = sample::with(|order| order["metadata"]["channel"] = "shop".into());
    caller.post("/v1/orders").key("k-1").json(&other).send().await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let wrong = sample::with(|order| order["expected_total"] = 1.into());
    caller.post("/v1/orders").key("k-1").json(&wrong).send().await.problem(422, "validation_failed");
    let right = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    assert_eq!(right.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_stored_answer_is_sealed_under_its_tenant_and_key() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    caller.post("/v1/orders").key("k-2").json(&sample::order()).send().await.expect(201);
    // An answer that was moved to another key does not open there.
    let swap = "UPDATE idempotency_records SET answer_sealed = (SELECT answer_sealed FROM idempotency_records WHERE key = 'k-2') WHERE key = 'k-1'";
    stack.sql().execute(swap).await.unwrap();
    caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.problem(500, "internal");
}
