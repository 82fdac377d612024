//! `POST /v1/orders/import`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Caller, Options, Stack, sample, until};

const PATH: &str = "/v1/orders/import";
/// Lines and bytes of one call.
const LINES_MAX: usize = 2_000;
const BODY_MAX: usize = 5 * 1024 * 1024;
const NDJSON: &str = "application/x-ndjson";

/// An order that a reference names.
fn order(reference: &str) -> Value {
    sample::with(|order| order["external_reference"] = reference.into())
}

fn orders(count: usize) -> Vec<Value> {
    (1..=count).map(|number| order(&format!("cart-{number}"))).collect()
}

async fn import(caller: &Caller, lines: &[Value]) -> Vec<Value> {
    let answer = caller.post(PATH).lines(lines).send().await.expect(200);
    assert_eq!(answer.header("content-type"), NDJSON);
    answer.lines()
}

async fn import_text(caller: &Caller, body: impl Into<Vec<u8>>) -> Answer {
    caller.post(PATH).bytes(body).header("content-type", NDJSON).send().await
}

fn statuses(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

fn ids(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_line_is_an_order_as_create_order_would_have_placed_it() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let (body, alone) = (format!("\n{}\r\n \n{}", order("cart-1"), order("cart-2")), order("cart-3"));
    let results = import_text(&caller, body).await.expect(200).lines();
    assert_eq!(statuses(&results), [201, 201]);
    assert_eq!([&results[0]["line"], &results[1]["line"]], [2, 4], "lines are counted with the blank ones");

    let placed = caller.place(&alone).await;
    let imported = caller.order(results[0]["id"].as_str().unwrap()).await;
    assert_eq!(imported["number"], results[0]["number"]);
    assert_eq!(imported["external_reference"], "cart-1");
    for member in ["status", "payment_status", "version", "totals", "customer", "shipping_address", "metadata"] {
        assert_eq!(imported[member], placed[member], "{member}");
    }
    assert_eq!(imported["payments"][0]["operations"][0]["status"], "requested");
    let history = caller.history(results[1]["id"].as_str().unwrap()).await;
    assert_eq!((&history[0]["action"], &history[0]["actor"]), (&json!("created"), &json!(caller.key.key_id)));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_line_that_comes_again_is_answered_with_its_order_and_another_with_its_reference_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let other = sample::with(|order| {
        order["external_reference"] = "cart-1".into();
        order["metadata"]["channel"] = "shop".into();
    });
    // In one call: the first of a reference wins, whatever comes behind it.
    let lines = [order("cart-1"), order("cart-1"), other.clone(), order("cart-2")];
    let first = import(&caller, &lines).await;
    assert_eq!(statuses(&first), [201, 200, 409, 201]);
    assert_eq!((&first[1]["id"], &first[1]["number"]), (&first[0]["id"], &first[0]["number"]));
    let problem = &first[2]["problem"];
    assert_eq!((&problem["code"], &problem["order_id"]), (&json!("duplicate_external_reference"), &first[0]["id"]));

    // In another, also when the answers of the first are long gone and the tenant may no longer order this way.
    stack.sql().execute("DELETE FROM idempotency_records; UPDATE orders SET version = 7").await.unwrap();
    let again = import(&caller, &lines).await;
    assert_eq!(statuses(&again), [200, 200, 409, 200]);
    assert_eq!([&again[0]["id"], &again[1]["id"], &again[3]["id"]], [&first[0]["id"], &first[0]["id"], &first[3]["id"]]);
    assert_eq!(stack.sql().count("orders").await, 2);
}

#[tokio::test]
async fn spelling_and_the_callers_key_make_no_other_line() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let first = import(&caller, &[order("cart-1")]).await;
    let spelt = order("cart-1").to_string().replace(',', " , ");
    let again =
        caller.post(PATH).new_key().bytes(spelt).header("content-type", "application/jsonl; charset=utf-8").send().await.expect(200);
    assert_eq!((statuses(&again.lines()), ids(&again.lines())), (vec![200], ids(&first)));
    assert_eq!(again.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_reference_that_create_order_gave_is_taken() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    // Its key has the very name of the reference, and still is no line's.
    let placed = caller.post("/v1/orders").key("cart-1").json(&order("cart-1")).send().await.expect(201).json();
    let results = import(&caller, &[order("cart-1"), order("cart-2")]).await;
    assert_eq!(statuses(&results), [409, 201]);
    assert_eq!(results[0]["problem"]["order_id"], placed["id"]);
    caller.post("/v1/orders").new_key().json(&order("cart-2")).send().await.problem(409, "duplicate_external_reference");
}

#[tokio::test]
async fn a_bad_line_says_what_is_wrong_with_it_and_hinders_no_other() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let with = |member: &str, value: Value| sample::with(|order| order[member] = value).to_string();
    let bad = |member: &str, value: Value| {
        let mut order = order("cart-bad");
        order[member] = value;
        order.to_string()
    };
    let lines = [
        order("cart-1").to_string(),
        "{\"currency\":".to_owned(),
        "[]".to_owned(),
        sample::order().to_string(),
        with("external_reference", json!("a\u{0}b")),
        bad("colour", json!("red")),
        bad("lines", json!([])),
        bad("expected_total", json!(1)),
        bad("metadata", json!({ "note": "x".repeat(1024 * 1024) })),
        order("cart-2").to_string(),
    ];
    let answer = caller.post(PATH).header("x-request-id", "req-1842").header("content-type", NDJSON).bytes(lines.join("\n")).send().await;
    let results = answer.expect(200).lines();
    assert_eq!(statuses(&results), [201, 400, 422, 422, 422, 422, 422, 422, 413, 201]);
    for (line, pointer) in [(4, "/external_reference"), (5, "/external_reference"), (6, "/colour"), (7, "/lines"), (8, "/expected_total")] {
        assert_eq!(results[line - 1]["problem"]["errors"][0]["pointer"], pointer, "{}", results[line - 1]);
    }
    assert!(results.iter().filter_map(|result| result.get("problem")).all(|problem| problem["request_id"] == "req-1842"));
    assert_eq!(stack.sql().count("orders").await, 2);
    assert!(stack.metrics().await.contains("imported_lines_total{result=\"refused\"} 8"));
}

#[tokio::test]
async fn what_is_too_much_is_refused_before_a_line_is_placed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let problem = caller.post(PATH).lines(&orders(LINES_MAX + 1)).send().await.problem(413, "payload_too_large");
    assert_eq!(problem["detail"], "the body has 2001 lines, a call takes 2000");
    let line = format!("{}\n", order("cart-1"));
    let filled = |bytes: usize| format!("{line}{}", " ".repeat(bytes - line.len()));
    import_text(&caller, filled(BODY_MAX + 1)).await.problem(413, "payload_too_large");
    import_text(&caller, "\n \n").await.problem(422, "validation_failed");
    let refused = caller.post(PATH).json(&order("cart-1")).send().await;
    assert_eq!(refused.header("accept-post"), "application/x-ndjson, application/jsonl");
    refused.problem(415, "unsupported_media_type");
    caller.post(&format!("{PATH}?dry_run=true")).lines(&orders(1)).send().await.problem(422, "validation_failed");
    assert_eq!(stack.sql().count("orders").await, 0);

    assert_eq!(statuses(&import_text(&caller, filled(BODY_MAX)).await.expect(200).lines()), [201]);
}

#[tokio::test]
async fn a_reference_is_its_tenants_own() {
    let stack = Stack::start(Options::http()).await;
    let (one, other) = tokio::join!(stack.tenant(), stack.tenant());
    let (ours, theirs) = (import(&one, &[order("cart-1")]).await, import(&other, &[order("cart-1")]).await);
    assert_eq!((statuses(&ours), statuses(&theirs)), (vec![201], vec![201]));
    assert_ne!(ids(&ours), ids(&theirs));
    one.get(&format!("/v1/orders/{}", ids(&theirs)[0])).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_file_that_is_sent_several_times_at_once_is_placed_once() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let lines = orders(150);
    let calls = join_all((0..3).map(|_| import(&caller, &lines))).await;
    for (index, line) in lines.iter().enumerate() {
        let results: Vec<_> = calls.iter().map(|results| &results[index]).collect();
        // Whoever waited too long for another's claim may come back.
        let told: Vec<_> = results.iter().filter(|result| result["problem"]["retryable"] != true).collect();
        assert!(told.iter().all(|result| result["id"] == told[0]["id"]), "{line}: {results:?}");
        assert_eq!(told.iter().filter(|result| result["status"] == 201).count(), 1, "{line}: {results:?}");
    }
    assert_eq!(stack.sql().count("orders").await, 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_stops_the_lines_that_are_not_begun_and_no_other() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let lines = orders(600);
    let connection = caller.post(PATH).lines(&lines).send_unheard().await;
    until("some lines are placed", || async { (stack.sql().count("orders").await > 20).then_some(()) }).await;
    drop(connection);
    let ended = stack.logs().find(|line| line["message"] == "an import has ended").await.unwrap();
    assert_eq!(ended["event.reason"], "hung up", "{ended}");

    let placed = stack.sql().count("orders").await;
    assert!(placed < 600, "{placed} lines were placed for nobody");
    assert_eq!(ended["orders.placed"], placed, "a line that was begun has ended: {ended}");
    let open = "pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(stack.sql().count(open).await, 0);

    // Sent again, the file goes on where it was.
    let results = import(&caller, &lines).await;
    let there = statuses(&results).iter().filter(|status| **status == 200).count();
    assert_eq!((i64::try_from(there).unwrap(), stack.sql().count("orders").await), (placed, 600));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_a_lost_database_keeps_from_being_placed_are_told_so_and_may_come_again() {
    let stack = Stack::start(Options::http().proxied("DATABASE_URL")).await;
    let caller = stack.tenant().await;
    let lines = orders(1_000);
    let losing = async {
        until("some lines are placed", || async { (stack.sql().count("orders").await > 20).then_some(()) }).await;
        stack.proxy("DATABASE_URL").cut();
    };
    let (results, ()) = tokio::join!(import(&caller, &lines), losing);
    assert_eq!((results.len(), results[0]["status"].as_u64()), (1_000, Some(201)));
    let last = results.last().unwrap();
    assert_eq!((last["status"].as_u64(), last["problem"]["retryable"].as_bool()), (Some(503), Some(true)), "{last}");
    // While it is away from the beginning, the whole call is refused.
    let refused = caller.post(PATH).lines(&lines).send().await;
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(503, "dependency_unavailable");

    stack.proxy("DATABASE_URL").mend();
    // Until its lost connections are replaced, a call may be refused.
    let again = until("the whole file is there", || async {
        let answer = caller.post(PATH).lines(&lines).send().await;
        Some(answer)
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.lines())
            .filter(|lines| statuses(lines).iter().all(|status| *status < 300))
    })
    .await;
    for (first, again) in results.iter().zip(&again).filter(|(first, _)| first["status"] == 201) {
        assert_eq!(first["id"], again["id"]);
    }
    assert_eq!(stack.sql().count("orders").await, 1_000);
}
