//! `POST /v1/webhooks/payments`: what the payment service pushes takes effect once, for whom it was signed, or is kept.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Options, Partner, Servers, Stack, Webhook, masked, raw_id, sample, until};

const UNKNOWN_ORDER: &str = "ord_0198f000000070008000000000000001";
const UNKNOWN_TENANT: &str = "ten_0198f000000070008000000000000002";
/// Secrets of a rotation: the one that ends, and the one that takes its place.
const OLD_SECRET: &str = "whsec_YW4gb2xkIHNlY3JldCBvZiB0aGUgdGVzdHM=";
const NEW_SECRET: &str = "whsec_YSBuZXcgc2VjcmV0IG9mIHRoZSB0ZXN0cy4=";

/// A tenant's order that waits for its money, with its payments.
async fn waiting(caller: &Caller) -> Value {
    let placed = caller.place(&sample::order()).await;
    caller.order(placed["id"].as_str().unwrap()).await
}

/// The order as it is now.
async fn now(caller: &Caller, order: &Value) -> Value {
    caller.order(order["id"].as_str().unwrap()).await
}

async fn captures(caller: &Caller, order: &Value) -> usize {
    let history = caller.history(order["id"].as_str().unwrap()).await;
    history.iter().filter(|entry| entry["action"] == "payment_captured").count()
}

/// The only row of a table.
async fn row_of(stack: &Stack, table: &str) -> Value {
    let rows = stack.sql().rows(&format!("SELECT * FROM {table}")).await;
    assert_eq!(rows.len(), 1, "{table}: {rows:?}");
    rows[0].clone()
}

#[tokio::test]
async fn an_order_is_paid_by_a_webhook_alone() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let order = waiting(&caller).await;
    let webhook = Webhook::captured(&caller, &order);
    webhook.request(&caller).header("x-request-id", "req-1842").send().await.expect(204);

    let paid = now(&caller, &order).await;
    assert_eq!(
        (&paid["status"], &paid["payment_status"], &paid["totals"]["captured"]),
        (&json!("confirmed"), &json!("paid"), &json!(3490))
    );
    let row = row_of(&stack, "inbox").await;
    assert_eq!((&row["source"], &row["message_id"]), (&json!("/webhooks/payments"), &json!(webhook.id())));
    let caused = "SELECT convert_from(body, 'UTF8')::jsonb AS event FROM outbox WHERE routing_key = 'order.payment_captured'";
    let event = stack.sql().value(caused).await;
    assert_eq!((&event["correlationid"], &event["causationid"]), (&json!("req-1842"), &json!(webhook.id())));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_partner_who_tells_by_webhook_alone_and_a_hundred_times_is_heard_once() {
    let stack = Stack::start(Options::whole()).await;
    let caller = stack.tenant().await;
    let placed = caller.place(&sample::with_token("tok_webhook")).await;
    let order = caller.order_once(placed["id"].as_str().unwrap(), "status", "completed").await;
    assert_eq!(order["totals"]["captured"], 3490);
    let operation = order["payments"][0]["operations"][0]["id"].as_str().unwrap();
    let again = format!("{}/operations/{operation}/webhook?times=100", stack.simulator_url());
    let counts = Servers::http_client().post(again).send().await.unwrap().text().await.unwrap();
    let counts: Value = serde_json::from_str(&counts).unwrap();
    assert_eq!(counts, json!({ "204": 100 }));
    assert_eq!(captures(&caller, &order).await, 1);
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn a_hundred_copies_at_once_have_one_effect() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let order = waiting(&caller).await;
    let webhook = Webhook::captured(&caller, &order);
    let answers = join_all((0..100).map(|_| webhook.push(&caller))).await;
    assert!(answers.iter().any(|answer| answer.status == 204));
    for answer in answers.into_iter().filter(|answer| answer.status != 204) {
        // Whoever waits too long for the first may come again.
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "dependency_unavailable");
    }
    webhook.push(&caller).await.expect(204);
    webhook.clone().signed_in_s(60).push(&caller).await.expect(204);
    assert_eq!(captures(&caller, &order).await, 1);
    assert_eq!((stack.sql().count("inbox").await, stack.sql().count("deferred_messages").await), (1, 0));
    stack.sql().assert_books_are_right().await;
}

#[tokio::test]
async fn while_secrets_rotate_both_count() {
    let both = format!("{NEW_SECRET},{OLD_SECRET}");
    let stack = Stack::start(Options::http().set("PAYMENT_WEBHOOK_SECRETS", &both)).await;
    let caller = stack.tenant_without_stock().await;
    for secrets in [&[OLD_SECRET][..], &[NEW_SECRET], &[OLD_SECRET, NEW_SECRET], &[tests::WEBHOOK_SECRET, NEW_SECRET]] {
        let order = waiting(&caller).await;
        Webhook::captured(&caller, &order).secrets(secrets).push(&caller).await.expect(204);
        assert_eq!(now(&caller, &order).await["payment_status"], "paid", "{secrets:?}");
    }
    let stranger = Webhook::captured(&caller, &waiting(&caller).await).secrets(&[tests::WEBHOOK_SECRET]);
    stranger.push(&caller).await.problem(401, "signature_mac_mismatch");
    for secret in [OLD_SECRET, NEW_SECRET] {
        assert!(!stack.logs().text().contains(secret));
    }
}

#[tokio::test]
async fn what_is_not_signed_by_the_payment_service_is_refused_and_told_why() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_with_all_scopes().await;
    let order = waiting(&caller).await;
    let webhook = Webhook::captured(&caller, &order);
    let before = stack.sql().contents().await;
    let request = || webhook.request(&caller);
    for (request, reason, code) in [
        (caller.post(tests::WEBHOOK_PATH).json(&json!({})), "missing", "signature_missing"),
        (request().header("webhook-id", "msg.1"), "malformed", "signature_malformed"),
        (request().header("webhook-timestamp", "soon"), "malformed", "signature_malformed"),
        (request().header("webhook-signature", "v1a,AAAA"), "malformed", "signature_malformed"),
        (webhook.clone().signed_in_s(-301).request(&caller), "clock-skew", "signature_clock_skew"),
        (webhook.clone().signed_in_s(400).request(&caller), "clock-skew", "signature_clock_skew"),
        (webhook.clone().secrets(&[NEW_SECRET]).request(&caller), "mac-mismatch", "signature_mac_mismatch"),
        (request().header("webhook-id", "msg_of_somebody_else"), "mac-mismatch", "signature_mac_mismatch"),
    ] {
        let problem = request.send().await.problem(401, code);
        assert_eq!(problem["reason"], reason);
        assert!(problem["detail"].is_string() && problem["server_time"].is_string(), "{problem}");
    }
    assert_eq!(stack.sql().contents().await, before);
}

#[tokio::test]
async fn a_body_that_was_changed_by_one_byte_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let order = waiting(&caller).await;
    let webhook = Webhook::captured(&caller, &order);
    let (_, _, _, mut body) = webhook.request(&caller).into_parts();
    let position = body.windows(4).position(|digits| digits == b"3490").unwrap();
    body[position] = b'9';
    webhook.request(&caller).body_after_signing(body).send().await.problem(401, "signature_mac_mismatch");
    assert_eq!(now(&caller, &order).await["version"], 1);
    webhook.push(&caller).await.expect(204);
}

#[tokio::test]
async fn news_of_an_order_that_is_not_there_yet_is_kept_for_it() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let early = Webhook::captured(&caller, &waiting(&caller).await).with(|body| body["data"]["order_id"] = UNKNOWN_ORDER.into());
    for _ in 0..2 {
        early.push(&caller).await.expect(202);
    }
    let row = row_of(&stack, "deferred_messages").await;
    // Its consumer is the one that applies it when its time has come.
    assert_eq!((&row["class"], &row["consumer"]), (&json!("parked"), &json!("on-payment-event")));
    assert_eq!((&row["source"], &row["message_id"]), (&json!("/webhooks/payments"), &json!(early.id())));
    assert_eq!((&row["type"], &row["attempts"]), (&json!("payment.captured.v1"), &json!(1)));
    assert_eq!(row["order_id"].as_str().unwrap().replace('-', ""), raw_id(UNKNOWN_ORDER));
    assert_eq!((stack.sql().count("inbox").await, stack.sql().count("dead_letters").await), (0, 0));
}

/// An operation that the order does not have yet is waited for like an order.
#[tokio::test]
async fn news_of_an_operation_that_is_not_there_yet_is_kept_for_it() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = waiting(&caller).await;
    let early = Webhook::captured(&caller, &order).with(|body| body["data"]["id"] = "op_0198f000000070008000000000000001".into());
    early.push(&caller).await.expect(202);
    assert_eq!(row_of(&stack, "deferred_messages").await["class"], "parked");
    assert_eq!(now(&caller, &order).await["version"], 1);
}

/// What the consumer applied from its parked row, the sender's next attempt does not apply again: the claim is the same.
#[tokio::test]
async fn a_webhook_that_its_consumer_has_applied_is_a_repeat() {
    let stack = Stack::start(Options::broker()).await;
    let caller = stack.tenant_without_stock().await;
    let order = waiting(&caller).await;
    let webhook = Webhook::captured(&caller, &order);
    let id = order["id"].as_str().unwrap();
    let data = json!({
        "id": order["payments"][0]["operations"][0]["id"], "kind": "capture", "status": "succeeded", "amount": 3490, "currency": "EUR",
        "provider_reference": "ch_1842", "occurred_at": "2026-11-22T10:00:00Z",
    });
    let mut event = Partner::event("/webhooks/payments", "payment.captured.v1", &caller.key.tenant_id, id, &data);
    event.id = webhook.id().to_owned();
    stack.partner().await.publish("payments.events", &event).await;
    let paid = caller.order_once(id, "payment_status", "paid").await;
    // The same id with other news: only the claim knows that it is a repeat.
    webhook.with(|body| body["data"]["amount"] = 1.into()).push(&caller).await.expect(204);
    assert_eq!(now(&caller, &order).await["version"], paid["version"]);
    assert_eq!(stack.sql().count("inbox WHERE source = '/webhooks/payments'").await, 1);
}

#[tokio::test]
async fn news_for_a_tenant_that_is_not_there_is_dead() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let lost = Webhook::captured(&caller, &waiting(&caller).await).with(|body| body["data"]["tenant_id"] = UNKNOWN_TENANT.into());
    lost.push(&caller).await.expect(202);
    let row = row_of(&stack, "dead_letters").await;
    assert_eq!((&row["reason_class"], &row["message_id"], &row["tenant_id"]), (&json!("unknown_tenant"), &json!(lost.id()), &Value::Null));
    assert_eq!(stack.sql().count("deferred_messages").await, 0);
}

#[tokio::test]
async fn a_good_signature_reaches_no_order_of_another_tenant() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant_without_stock(), stack.tenant_without_stock());
    let order = waiting(&caller).await;
    Webhook::captured(&stranger, &order).push(&caller).await.expect(202);
    assert_eq!(masked(&now(&caller, &order).await), masked(&order));
    let row = row_of(&stack, "deferred_messages").await;
    assert_eq!(row["tenant_id"].as_str().unwrap().replace('-', ""), raw_id(&stranger.key.tenant_id));
    Webhook::captured(&caller, &order).push(&caller).await.expect(204);
}

#[tokio::test]
async fn what_can_never_be_applied_is_dead_and_not_asked_for_again() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = waiting(&caller).await;
    let impossible = Webhook::of(&caller, &order, "refund.succeeded").with(|body| body["data"]["kind"] = "refund".into());
    let endless = Webhook::captured(&caller, &order).with(|body| body["data"]["note"] = "x".repeat(70_000).into());
    for (webhook, class) in [(impossible, "poison"), (endless, "oversized")] {
        stack.sql().execute("TRUNCATE dead_letters").await.unwrap();
        webhook.push(&caller).await.expect(202);
        assert_eq!(row_of(&stack, "dead_letters").await["reason_class"], class);
    }
    assert_eq!(now(&caller, &order).await["version"], 1);
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_told_by_its_place() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = waiting(&caller).await;
    let webhook = || Webhook::captured(&caller, &order);
    for (pointer, value) in [
        ("/type", json!("payment.stolen")),
        ("/timestamp", json!("yesterday")),
        ("/data", json!("op_1")),
        ("/data/amount", json!("3490")),
        ("/data/order_id", Value::Null),
        ("/data/tenant_id", json!("ten_1")),
    ] {
        let misfit = webhook().with(|body| *body.pointer_mut(pointer).unwrap() = value);
        let problem = misfit.push(&caller).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let unknown = webhook().with(|body| body["type"] = "payment.stolen".into()).push(&caller).await.json();
    let known = unknown["errors"][0]["message"].as_str().unwrap();
    assert!(known.contains("payment.captured, ") && known.contains("refund.reversed"), "{known}");
    webhook().with(|body| body["more"] = json!([1])).push(&caller).await.expect(204);
    let text = webhook().request(&caller).header("content-type", "text/plain");
    text.send().await.problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_busy_order_is_asked_for_again_and_nothing_is_kept() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_without_stock().await;
    let order = waiting(&caller).await;
    let sql = stack.sql();
    let mut other = sql.pool().acquire().await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT 1 FROM orders FOR UPDATE").execute(&mut *other).await.unwrap();
    let webhook = Webhook::captured(&caller, &order);
    let answer = webhook.push(&caller).await;
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.problem(503, "dependency_unavailable")["retryable"], true);
    assert_eq!((sql.count("inbox").await, sql.count("deferred_messages").await), (0, 0));
    sqlx::raw_sql("ROLLBACK").execute(&mut *other).await.unwrap();
    webhook.push(&caller).await.expect(204);
}

#[tokio::test]
async fn while_the_database_is_away_the_sender_is_asked_to_come_again() {
    let stack = Stack::start(Options::http().proxied("DATABASE_URL")).await;
    let caller = stack.tenant_without_stock().await;
    let order = waiting(&caller).await;
    let webhook = Webhook::captured(&caller, &order);
    stack.proxy("DATABASE_URL").cut();
    let answer = webhook.push(&caller).await;
    assert_eq!(answer.header("retry-after"), "1");
    answer.problem(503, "dependency_unavailable");
    stack.proxy("DATABASE_URL").mend();
    until("the webhook takes effect", async || (webhook.push(&caller).await.status == 204).then_some(())).await;
    assert_eq!(captures(&caller, &order).await, 1);
}
