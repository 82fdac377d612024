//! One `Idempotency-Key`, one order: however often, however late, however many at once, and whatever is away meanwhile (`failures`).

mod failures;

use std::{collections::BTreeMap, pin::pin};

use futures_util::future::join_all;
use tests::{Answer, Caller, Options, Stack, sample, until};

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_byte_for_byte() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let first = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    let second = caller.post("/v1/orders").key("\"k-1\"").json(&sample::order()).send().await.expect(201);
    assert_eq!(second.body, first.body);
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
    assert_eq!(stored_headers(&second), stored_headers(&first));
    assert_eq!(stack.sql().count("orders").await, 1);
}

/// The header fields of an answer, without those that tell about this request.
fn stored_headers(answer: &Answer) -> BTreeMap<String, String> {
    let fields = answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    fields.filter(|(name, _)| !["date", "x-request-id", "idempotency-replayed", "ratelimit"].contains(&&**name)).collect()
}

#[tokio::test]
async fn neither_the_spelling_of_the_json_nor_a_header_matters_to_a_key() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = sample::order();
    let first = caller.post("/v1/orders").key("k-1").json(&order).send().await.expect(201);
    let spaced = serde_json::to_vec_pretty(&order).unwrap();
    let mut members: Vec<_> = order.as_object().unwrap().iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    members.reverse();
    let reversed = format!("{{{}}}", members.join(",")).into_bytes();
    let escaped = order.to_string().replace("Kim", "\\u004bim").into_bytes();
    for body in [spaced, reversed, escaped] {
        let request = caller.post("/v1/orders").key("k-1").bytes(body).header("content-type", "application/json; charset=utf-8");
        let again =
            request.header("x-request-id", "another").header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(again.send().await.expect(201).body, first.body);
    }
    assert_eq!(stack.sql().count("orders").await, 1);
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    for other in [
        sample::with(|order| order["metadata"]["channel"] = "shop".into()),
        sample::with(|order| order["metadata"] = serde_json::json!({ "channel": "web", "more": null })),
        sample::with(|order| drop(order.as_object_mut().unwrap().remove("discount"))),
        sample::with(|order| order["lines"][0]["name"] = "Green tea ".into()),
    ] {
        caller.post("/v1/orders").key("k-1").json(&other).send().await.problem(422, "idempotency_key_reused");
    }
    assert_eq!(stack.sql().count("orders").await, 1);
}

#[tokio::test]
async fn a_storm_of_two_hundred_requests_with_one_key_places_one_order() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = sample::order();
    let answers = join_all((0..200).map(|_| caller.post("/v1/orders").key("k-1").json(&order).send())).await;
    let placed: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(placed.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count(), 1);
    let (body, headers) = (placed[0].body.clone(), stored_headers(placed[0]));
    assert!(placed.iter().all(|answer| answer.body == body && stored_headers(answer) == headers));
    for other in answers.into_iter().filter(|answer| answer.status != 201) {
        assert_eq!(other.header("retry-after"), "1");
        assert_eq!(other.problem(409, "idempotency_in_progress")["retryable"], true);
        // Who comes back gets the answer that the first one got.
        let again = caller.post("/v1/orders").key("k-1").json(&order).send().await.expect(201);
        assert_eq!((again.body, again.headers["idempotency-replayed"].as_bytes()), (body.clone(), &b"true"[..]));
    }
    assert_eq!((stack.sql().count("orders").await, stack.sql().count("idempotency_records").await), (1, 1));
}

#[tokio::test]
async fn a_key_under_way_is_told_to_come_back() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    // Another instance has claimed the key and not yet committed.
    let sql = stack.sql();
    let mut claim = sql.pool().acquire().await.unwrap();
    let tenant = tests::raw_id(&caller.key.tenant_id);
    let insert = format!("BEGIN; INSERT INTO idempotency_records VALUES ('{tenant}', 'create-order', 'k-1', '', '', now())");
    sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(&mut *claim).await.unwrap();
    let answer = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await;
    assert_eq!(answer.header("retry-after"), "1");
    answer.problem(409, "idempotency_in_progress");
    // Another key does not wait for it.
    caller.post("/v1/orders").key("k-2").json(&sample::order()).send().await.expect(201);
    // It came to nothing, so the key is free.
    sqlx::raw_sql("ROLLBACK").execute(&mut *claim).await.unwrap();
    let first = caller.post("/v1/orders").key("k-1").json(&sample::order()).send().await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
}

/// Under READ COMMITTED a statement sees what was committed when it began. The claim that waited for another's COMMIT and lost cannot
/// see the answer that this COMMIT stored: only a new statement can.
#[tokio::test]
async fn a_claim_that_waits_and_loses_answers_what_was_stored_meanwhile() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = sample::order();
    let first = caller.post("/v1/orders").key("k-1").json(&order).send().await.expect(201);
    let sql = stack.sql();
    // A claim waits for a quarter of a second at most; on a busy machine a look may come too late, and the answer is a 409.
    let replayed = until("a claim waited and lost", async || {
        // The record goes and comes back in a transaction that is still open: the moment before the first request's COMMIT.
        let record = "CREATE TABLE IF NOT EXISTS kept AS TABLE idempotency_records; DELETE FROM idempotency_records";
        sql.execute(record).await.unwrap();
        let mut under_way = sql.pool().acquire().await.unwrap();
        sqlx::raw_sql("BEGIN; INSERT INTO idempotency_records TABLE kept").execute(&mut *under_way).await.unwrap();
        let mut asking = pin!(caller.post("/v1/orders").key("k-1").json(&order).send());
        tokio::select! {
            _ = &mut asking => {
                sqlx::raw_sql("ROLLBACK").execute(&mut *under_way).await.unwrap();
                None
            }
            () = until("a claim waits", async || (sql.count(WAITING).await > 0).then_some(())) => {
                sqlx::raw_sql("COMMIT").execute(&mut *under_way).await.unwrap();
                Some(asking.await).filter(|answer| answer.status == 201)
            }
        }
    })
    .await;
    assert_eq!((replayed.body.as_slice(), replayed.header("idempotency-replayed")), (first.body.as_slice(), "true"));
    assert_eq!(sql.count("orders").await, 1);
}

/// Sessions of the application that wait for a lock in this database.
const WAITING: &str = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND usename = 'orders_app'";

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
    let taken = sample::with(|order| order["external_reference"] = "cart-1".into());
    caller.place(&taken).await;
    let send = |order: &serde_json::Value| caller.post("/v1/orders").key("k-1").json(order).send();
    send(&sample::with(|order| order["expected_total"] = 1.into())).await.problem(422, "validation_failed");
    send(&sample::with(|order| order["surprise"] = 1.into())).await.problem(422, "validation_failed");
    send(&taken).await.problem(409, "duplicate_external_reference");
    let unread = caller.post("/v1/orders").key("k-1").header("content-type", "application/json").bytes("{").send().await;
    unread.problem(400, "malformed");
    caller.post("/v1/orders").key("k-1").json(&taken).secret("osk_wrong").send().await.problem(401, "signature_mac_mismatch");
    assert_eq!(stack.sql().count("idempotency_records").await, 1);
    let right = send(&sample::order()).await.expect(201);
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
