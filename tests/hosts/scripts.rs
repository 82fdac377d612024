//! What is said to each endpoint. A script makes no difference between hosts: it does not know which it speaks to.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tests::{Caller, Webhook, sample};

use super::requests::Talk;

/// The script of one endpoint.
pub struct Script {
    /// Its name in the catalog.
    pub function: &'static str,
    /// Says everything, in order.
    pub run: for<'t> fn(&'t mut Talk) -> BoxFuture<'t, ()>,
}

/// One for each endpoint.
pub const ALL: &[Script] = &[
    Script { function: "api-docs", run: |talk| Box::pin(api_docs(talk)) },
    Script { function: "cancel-order", run: |talk| Box::pin(cancel_order(talk)) },
    Script { function: "capture-payment", run: |talk| Box::pin(capture_payment(talk)) },
    Script { function: "create-api-key", run: |talk| Box::pin(create_api_key(talk)) },
    Script { function: "create-order", run: |talk| Box::pin(create_order(talk)) },
    Script { function: "create-payment", run: |talk| Box::pin(create_payment(talk)) },
    Script { function: "create-session", run: |talk| Box::pin(create_session(talk)) },
    Script { function: "create-tenant", run: |talk| Box::pin(create_tenant(talk)) },
    Script { function: "discard-dead-letters", run: |talk| Box::pin(discard_dead_letters(talk)) },
    Script { function: "export-orders", run: |talk| Box::pin(export_orders(talk)) },
    Script { function: "get-ledger", run: |talk| Box::pin(get_ledger(talk)) },
    Script { function: "get-order", run: |talk| Box::pin(get_order(talk)) },
    Script { function: "get-order-history", run: |talk| Box::pin(get_order_history(talk)) },
    Script { function: "get-tenant", run: |talk| Box::pin(get_tenant(talk)) },
    Script { function: "import-orders", run: |talk| Box::pin(import_orders(talk)) },
    Script { function: "list-api-keys", run: |talk| Box::pin(list_api_keys(talk)) },
    Script { function: "list-dead-letters", run: |talk| Box::pin(list_dead_letters(talk)) },
    Script { function: "list-orders", run: |talk| Box::pin(list_orders(talk)) },
    Script { function: "list-payment-operations", run: |talk| Box::pin(list_payment_operations(talk)) },
    Script { function: "list-payments", run: |talk| Box::pin(list_payments(talk)) },
    Script { function: "receive-payment-webhook", run: |talk| Box::pin(receive_payment_webhook(talk)) },
    Script { function: "refund-order", run: |talk| Box::pin(refund_order(talk)) },
    Script { function: "replay-dead-letters", run: |talk| Box::pin(replay_dead_letters(talk)) },
    Script { function: "republish-events", run: |talk| Box::pin(republish_events(talk)) },
    Script { function: "resolve-payment-operation", run: |talk| Box::pin(resolve_payment_operation(talk)) },
    Script { function: "revoke-api-key", run: |talk| Box::pin(revoke_api_key(talk)) },
    Script { function: "revoke-session", run: |talk| Box::pin(revoke_session(talk)) },
    Script { function: "rotate-api-key", run: |talk| Box::pin(rotate_api_key(talk)) },
    Script { function: "stream-order", run: |talk| Box::pin(stream_order(talk)) },
    Script { function: "stream-orders", run: |talk| Box::pin(stream_orders(talk)) },
    Script { function: "update-tenant", run: |talk| Box::pin(update_tenant(talk)) },
    Script { function: "void-payment", run: |talk| Box::pin(void_payment(talk)) },
    Script { function: "wait-order", run: |talk| Box::pin(wait_order(talk)) },
];

const UNKNOWN_ORDER: &str = "ord_0198f000000070008000000000000001";
const UNKNOWN_PAYMENT: &str = "pay_0198f000000070008000000000000001";

async fn api_docs(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let get = |path: &str| caller.get(path).unsigned();
    let document = talk.say("the document", 200, get("/openapi.json")).await;
    let known = document.header("etag").to_owned();
    talk.say("the document is known", 304, get("/openapi.json").header("if-none-match", &known)).await;
    talk.say("the page", 200, get("/docs")).await;
    talk.say("its head only", 200, caller.request(http::Method::HEAD, "/docs").unsigned()).await;
    talk.say("its style", 200, get("/docs/page.css")).await;
    talk.say("its program", 200, get("/docs/page.js")).await;
    talk.say("the document of messages", 200, get("/asyncapi.json")).await;
    talk.say("the schema of a message", 200, get("/schemas/order.created.v1")).await;
    talk.say("the schema of none", 404, get("/schemas/order.created.v2")).await;
    talk.say("the meaning of a code", 200, get("/problems/not%5Ffound")).await;
    talk.say("a code of nothing", 404, get("/problems/nonsense")).await;
}

async fn create_order(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let place = || caller.post("/v1/orders");
    let order = sample::with(|order| order["customer"]["name"] = "Zoë 🍵".into());
    talk.say("placed", 201, place().key("k-1").header("x-request-id", "req-1842").json(&order)).await;
    talk.say("placed again", 201, place().key("k-1").json(&order)).await;
    talk.say("the key with another body", 422, place().key("k-1").json(&sample::order())).await;
    talk.say("without a key", 400, place().json(&order)).await;
    talk.say("a wrong total", 422, place().new_key().json(&sample::with(|order| order["expected_total"] = 1.into()))).await;
    talk.say("not JSON", 400, place().new_key().bytes("{").header("content-type", "application/json")).await;
    talk.say("another media type", 415, place().new_key().bytes("a=1").header("content-type", "text/plain")).await;
    // What is neither text nor JSON comes to Lambda in base64.
    talk.say("bytes", 415, place().new_key().bytes([0, 159, 146, 150]).header("content-type", "application/octet-stream")).await;
    talk.say("too much", 413, place().new_key().bytes(vec![b' '; 1024 * 1024 + 1]).header("content-type", "application/json")).await;
    refusals_of_signatures(talk, &caller).await;
}

async fn import_orders(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let import = || caller.post("/v1/orders/import");
    let order = |reference: &str| sample::with(|order| order["external_reference"] = reference.into());
    let wrong = sample::with(|order| order["external_reference"] = Value::Null);
    let lines = [order("cart-1"), wrong, order("cart-2"), order("cart-1")];
    talk.say("placed, refused, placed and there already", 200, import().lines(&lines)).await;
    talk.say("the same again", 200, import().key("k-1").lines(&lines)).await;
    talk.say("no line", 422, import().bytes(" \n\n").header("content-type", "application/jsonl")).await;
    talk.say("another media type", 415, import().json(&order("cart-3"))).await;
    talk.say("too many lines", 413, import().bytes("{}\n".repeat(2_001)).header("content-type", "application/x-ndjson")).await;
    talk.say("unsigned", 401, import().lines(&lines).unsigned()).await;
}

async fn export_orders(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    talk.say("the orders", 200, caller.get("/v1/orders/export")).await;
    talk.say("with their parts", 200, caller.get("/v1/orders/export?expand=payments,fulfillments&status=pending")).await;
    talk.say("behind the last", 200, caller.get(&format!("/v1/orders/export?after={id}"))).await;
    talk.say("no rows", 200, caller.get("/v1/orders/export?format=csv&status=completed")).await;
    talk.say("its head only", 200, caller.request(http::Method::HEAD, "/v1/orders/export")).await;
    talk.say("another format", 422, caller.get("/v1/orders/export?format=xlsx")).await;
    talk.say("a filter of nothing", 422, caller.get("/v1/orders/export?colour=red")).await;
}

async fn refusals_of_signatures(talk: &mut Talk, caller: &Caller) {
    let order = sample::order();
    let place = || caller.post("/v1/orders").new_key().json(&order);
    talk.say("unsigned", 401, place().unsigned()).await;
    talk.say("another secret", 401, place().secret("osk_another")).await;
    talk.say("too old", 401, place().signed_in_s(-301)).await;
    talk.say("another body", 401, place().body_after_signing("{}")).await;
    talk.say("a field not covered", 401, place().header_after_signing("if-match", "\"v1\"")).await;
    talk.say("another value of a covered field", 401, place().header_after_signing("idempotency-key", "k-2")).await;
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    talk.say("a nonce", 201, place().nonce(&nonce)).await;
    talk.say("the nonce again", 401, place().nonce(&nonce)).await;
}

async fn get_order(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let path = format!("/v1/orders/{id}");
    talk.say("the order", 200, caller.get(&path)).await;
    talk.say("its version is known", 304, caller.get(&path).header("if-none-match", "\"v1\"")).await;
    talk.say("with its parts", 200, caller.get(&format!("{path}?expand=payments%2Cfulfillments"))).await;
    talk.say("its id in another spelling", 200, caller.get(&path.replace("ord_", "ord%5F"))).await;
    talk.say("its head only", 200, caller.request(http::Method::HEAD, &path)).await;
    talk.say("an unknown order", 404, caller.get(&format!("/v1/orders/{UNKNOWN_ORDER}"))).await;
    talk.say("an id of nothing", 404, caller.get("/v1/orders/%F0%9F%8D%B5")).await;
    talk.say("an unknown part", 422, caller.get(&format!("{path}?expand=secrets"))).await;
    talk.say("unsigned", 401, caller.get(&path).unsigned()).await;
}

/// Only the head of a stream is the same in every host; what flows is tried by `tests/it` and, on Lambda, by `deadlines`.
async fn stream_order(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let path = format!("/v1/orders/{id}/stream");
    talk.say("its head only", 200, caller.request(http::Method::HEAD, &path)).await;
    talk.say("of an unknown order", 404, caller.get(&format!("/v1/orders/{UNKNOWN_ORDER}/stream"))).await;
    talk.say("of some types", 422, caller.get(&format!("{path}?types=order.paid.v1"))).await;
    talk.say("unsigned", 401, caller.get(&path).unsigned()).await;
}

async fn stream_orders(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let path = "/v1/orders/stream";
    talk.say("its head only", 200, caller.request(http::Method::HEAD, path)).await;
    talk.say("of some types", 200, caller.request(http::Method::HEAD, &format!("{path}?types=order.paid.v1%2Corder.completed.v1"))).await;
    talk.say("of types that nobody knows", 422, caller.get(&format!("{path}?types=order.paid"))).await;
    talk.say("unsigned", 401, caller.get(path).unsigned()).await;
}

async fn wait_order(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let path = format!("/v1/orders/{id}/wait");
    talk.say("for what is so", 200, caller.get(&format!("{path}?until=status:pending"))).await;
    talk.say("for a version that is known", 304, caller.get(&format!("{path}?until=version:1")).header("if-none-match", "\"v1\"")).await;
    talk.say("of an unknown order", 404, caller.get(&format!("/v1/orders/{UNKNOWN_ORDER}/wait?until=version:1"))).await;
    talk.say("for nothing", 422, caller.get(&path)).await;
    talk.say("for what is no status", 422, caller.get(&format!("{path}?until=status:paid"))).await;
    talk.say("unsigned", 401, caller.get(&path).unsigned()).await;
}

async fn get_ledger(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let path = format!("/v1/orders/{id}/ledger");
    talk.say("the books", 200, caller.get(&path)).await;
    talk.say("their version is known", 304, caller.get(&path).header("if-none-match", "\"v1\"")).await;
    talk.say("of an unknown order", 404, caller.get(&format!("/v1/orders/{UNKNOWN_ORDER}/ledger"))).await;
}

async fn get_order_history(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    talk.say("the history", 200, caller.get(&format!("/v1/orders/{id}/history"))).await;
    talk.say("of an unknown order", 404, caller.get(&format!("/v1/orders/{UNKNOWN_ORDER}/history"))).await;
}

async fn list_orders(talk: &mut Talk) {
    let caller = talk.caller.clone();
    for reference in ["cart 1+1=2 & more", "cart-2", "cart-3"] {
        talk.service.place(&sample::with(|order| order["external_reference"] = reference.into())).await;
    }
    let first = talk.say("a first page", 200, caller.get("/v1/orders?limit=2&status=pending")).await;
    let next = first.header("link").strip_prefix('<').and_then(|link| link.split_once('>')).unwrap().0.to_owned();
    talk.say("the page it links to", 200, caller.get(&next)).await;
    talk.say("an encoded reference", 200, caller.get("/v1/orders?external_reference=cart%201%2B1%3D2+%26%20more")).await;
    talk.say("an encoded address", 200, caller.get("/v1/orders?customer_email=KIM%40Example.com&limit=1")).await;
    talk.say("no order", 200, caller.get("/v1/orders?status=completed")).await;
    talk.say("a broken cursor", 400, caller.get("/v1/orders?cursor=nonsense")).await;
    talk.say("an unknown filter", 422, caller.get("/v1/orders?colour=red")).await;
}

async fn cancel_order(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let cancel = |id: &str| caller.post(&format!("/v1/orders/{id}/cancel"));
    talk.say("cancelled", 200, cancel(&id).key("c-1").json(&json!({ "reason": "customer_request" }))).await;
    talk.say("cancelled again", 200, cancel(&id).key("c-1").json(&json!({ "reason": "customer_request" }))).await;
    talk.say("without a body", 200, cancel(&placed(&talk.service).await).new_key()).await;
    talk.say("an old version", 412, cancel(&placed(&talk.service).await).new_key().header("if-match", "\"v7\"")).await;
    talk.say("an unknown order", 404, cancel(UNKNOWN_ORDER).new_key()).await;
}

async fn create_payment(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let unpaid = talk.service.place(&sample::with(|order| order["payments"] = json!([]))).await;
    let path = payments_of(unpaid["id"].as_str().unwrap());
    let tender = |amount: i64| json!({ "method": "card", "token": "tok_visa", "amount": amount, "capture": "automatic" });
    talk.say("a tender", 201, caller.post(&path).key("p-1").json(&tender(3000))).await;
    talk.say("the tender again", 201, caller.post(&path).key("p-1").json(&tender(3000))).await;
    talk.say("no amount", 422, caller.post(&path).new_key().json(&tender(0))).await;
    talk.say("of an unknown order", 404, caller.post(&payments_of(UNKNOWN_ORDER)).new_key().json(&tender(1))).await;
}

async fn capture_payment(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let id = talk.service.place(&sample::manual("tok_visa")).await["id"].as_str().unwrap().to_owned();
    let order = talk.service.order(&id).await;
    let authorized = Webhook::of(&caller, &order, "payment.authorized");
    authorized.request(&talk.service).send().await.expect(204);
    let capture = |payment: &str| caller.post(&format!("/v1/payments/{payment}/captures"));
    let payment = order["payments"][0]["id"].as_str().unwrap();
    let part = json!({ "amount": 1000 });
    talk.say("a part", 202, capture(payment).key("c-1").json(&part)).await;
    talk.say("the part again", 202, capture(payment).key("c-1").json(&part)).await;
    talk.say("too much", 422, capture(payment).new_key().json(&json!({ "amount": 3000 }))).await;
    talk.say("an old version", 412, capture(payment).new_key().header("if-match", "\"v1\"")).await;
    talk.say("the rest, without a body", 202, capture(payment).new_key()).await;
    talk.say("nothing more", 409, capture(payment).new_key()).await;
    talk.say("of an unknown payment", 404, capture(UNKNOWN_PAYMENT).new_key()).await;
}

async fn void_payment(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let payment = talk.service.order(&id).await["payments"][0]["id"].as_str().unwrap().to_owned();
    let void = |payment: &str| caller.post(&format!("/v1/payments/{payment}/void"));
    talk.say("called off", 202, void(&payment).key("v-1")).await;
    talk.say("called off again", 202, void(&payment).key("v-1")).await;
    talk.say("of an unknown payment", 404, void(UNKNOWN_PAYMENT).new_key()).await;
}

async fn refund_order(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let refund = |id: &str, body: &Value| caller.post(&format!("/v1/orders/{id}/refunds")).new_key().json(body);
    let rest = json!({ "reason": "customer_request" });
    talk.say("before it is confirmed", 409, refund(&id, &rest)).await;
    talk.say("no reason", 422, refund(&id, &json!({ "amount": 1 }))).await;
    talk.say("nothing", 422, refund(&id, &json!({ "amount": 0, "reason": "x" }))).await;
    talk.say("of an unknown order", 404, refund(UNKNOWN_ORDER, &rest)).await;
}

async fn list_payment_operations(talk: &mut Talk) {
    let (caller, operator) = (talk.caller.clone(), talk.operator.clone());
    let path = format!("/v1/ops/payment-operations?tenant_id={}", caller.key.tenant_id);
    talk.say("nothing to settle", 200, operator.get(&path)).await;
    talk.say("a reason of nothing", 422, operator.get(&format!("{path}&attention=bored"))).await;
    talk.say("by a tenant", 403, caller.get(&path)).await;
}

async fn list_dead_letters(talk: &mut Talk) {
    let (caller, operator) = (talk.caller.clone(), talk.operator.clone());
    let path = dead_letters_of(&talk.service).await;
    let page = talk.say("a first page", 200, operator.get(&format!("{path}&limit=1"))).await;
    let next = page.header("link").strip_prefix('<').and_then(|link| link.split_once('>')).unwrap().0.to_owned();
    talk.say("the page it links to", 200, operator.get(&next)).await;
    talk.say("by their causes", 200, operator.get(&format!("{path}&group_by=cause"))).await;
    talk.say("a class of nothing", 422, operator.get(&format!("{path}&reason_class=bored"))).await;
    talk.say("by a tenant", 403, caller.get(&path)).await;
}

async fn replay_dead_letters(talk: &mut Talk) {
    let (caller, operator) = (talk.caller.clone(), talk.operator.clone());
    dead_letters_of(&talk.service).await;
    let key = uuid::Uuid::new_v4().to_string();
    let all = json!({ "filter": { "tenant_id": caller.key.tenant_id }, "rate_per_second": 1000 });
    let replay = |body: &Value| operator.post("/v1/ops/dead-letters/replay").json(body);
    talk.say("all of a tenant's", 200, replay(&all).key(&key)).await;
    talk.say("all of a tenant's again", 200, replay(&all).key(&key)).await;
    talk.say("one that is not there", 200, replay(&json!({ "ids": ["dl_0198f000000070008000000000000001"] })).new_key()).await;
    talk.say("neither ids nor a filter", 422, replay(&json!({})).new_key()).await;
    talk.say("a member of nothing", 422, replay(&json!({ "filter": { "colour": "red" } })).new_key()).await;
    talk.say("by a tenant", 403, caller.post("/v1/ops/dead-letters/replay").new_key().json(&all)).await;
}

async fn discard_dead_letters(talk: &mut Talk) {
    let (caller, operator) = (talk.caller.clone(), talk.operator.clone());
    dead_letters_of(&talk.service).await;
    let key = uuid::Uuid::new_v4().to_string();
    let all = json!({ "filter": { "tenant_id": caller.key.tenant_id }, "reason": "sent_by_a_test" });
    let discard = |body: &Value| operator.post("/v1/ops/dead-letters/discard").json(body);
    talk.say("all of a tenant's", 200, discard(&all).key(&key)).await;
    talk.say("all of a tenant's again", 200, discard(&all).key(&key)).await;
    talk.say("no reason", 422, discard(&json!({ "filter": {} })).new_key()).await;
    talk.say("by a tenant", 403, caller.post("/v1/ops/dead-letters/discard").new_key().json(&all)).await;
}

async fn republish_events(talk: &mut Talk) {
    let (caller, operator) = (talk.caller.clone(), talk.operator.clone());
    let key = uuid::Uuid::new_v4().to_string();
    let all = json!({ "tenant_id": caller.key.tenant_id, "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z" });
    let republish = |body: &Value| operator.post("/v1/ops/events/republish").json(body);
    talk.say("nothing that was published", 200, republish(&all).key(&key)).await;
    talk.say("nothing again", 200, republish(&all).key(&key)).await;
    let backwards = json!({ "from": "2026-11-22T11:00:00Z", "to": "2026-11-22T10:00:00Z" });
    talk.say("a time that ends before it begins", 422, republish(&backwards).new_key()).await;
    talk.say("by a tenant", 403, caller.post("/v1/ops/events/republish").new_key().json(&all)).await;
}

/// Makes two dead letters of a tenant's, by webhooks that tell of what is impossible, and returns the path of their list.
async fn dead_letters_of(service: &Caller) -> String {
    let order = service.order(&placed(service).await).await;
    for _ in 0..2 {
        let impossible = Webhook::of(service, &order, "refund.succeeded").with(|body| body["data"]["kind"] = "refund".into());
        impossible.request(service).send().await.expect(202);
    }
    format!("/v1/ops/dead-letters?tenant_id={}", service.key.tenant_id)
}

async fn resolve_payment_operation(talk: &mut Talk) {
    let (caller, operator) = (talk.caller.clone(), talk.operator.clone());
    let path = format!("/v1/ops/payment-operations/{}/resolve", UNKNOWN_ORDER.replace("ord_", "op_"));
    let failed = json!({ "outcome": "failed", "reason": "not_in_statement" });
    talk.say("what nobody has to settle", 404, operator.post(&path).new_key().json(&failed)).await;
    talk.say("no outcome", 422, operator.post(&path).new_key().json(&json!({ "reason": "x" }))).await;
    talk.say("by a tenant", 403, caller.post(&path).new_key().json(&failed)).await;
}

async fn list_payments(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    talk.say("the payments", 200, caller.get(&payments_of(&id))).await;
    talk.say("of an unknown order", 404, caller.get(&payments_of(UNKNOWN_ORDER))).await;
}

async fn create_tenant(talk: &mut Talk) {
    let (caller, operator) = (talk.caller.clone(), talk.operator.clone());
    let body = json!({ "name": "Tea shop", "policy": { "stock": false } });
    // All conversations share the operator, and with it the idempotency keys.
    let key = format!("of-{}", caller.key.tenant_id);
    let path = "/v1/admin/tenants";
    talk.say("a tenant", 201, operator.post(path).key(&key).json(&body)).await;
    talk.say("the tenant again", 201, operator.post(path).key(&key).json(&body)).await;
    talk.say("by a tenant", 403, caller.post(path).key(&key).json(&body)).await;
}

async fn get_tenant(talk: &mut Talk) {
    let (operator, path) = (talk.operator.clone(), tenant_of(&talk.service));
    talk.say("the tenant", 200, operator.get(&path)).await;
    talk.say("its version is known", 304, operator.get(&path).header("if-none-match", "\"v1\"")).await;
    talk.say("no tenant", 404, operator.get(&path.replace("ten_", "ord_"))).await;
}

async fn update_tenant(talk: &mut Talk) {
    let (operator, path) = (talk.operator.clone(), tenant_of(&talk.service));
    let patch = |body: Value| operator.request(http::Method::PATCH, &path).json(&body);
    talk.say("a new name", 200, patch(json!({ "name": "Coffee shop" })).header("if-match", "\"v1\"")).await;
    talk.say("an old version", 412, patch(json!({ "name": "Tea shop" })).header("if-match", "\"v1\"")).await;
    talk.say("no version", 428, patch(json!({ "name": "Tea shop" }))).await;
    let merge = patch(json!({ "policy": { "lines_max": 5 } })).header("content-type", "application/merge-patch+json");
    talk.say("a merge patch", 200, merge.header("if-match", "\"v2\"")).await;
    talk.say("another media type", 415, patch(json!({})).header("content-type", "text/plain").header("if-match", "\"v3\"")).await;
}

async fn create_api_key(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let till = json!({ "name": "till 3", "scopes": ["orders:read"] });
    let create = |body: &Value| caller.post("/v1/api-keys").key("k-1").json(body);
    let key = talk.say("a key", 201, create(&till)).await.json();
    talk.say("the key again", 201, create(&till)).await;
    talk.say("a key of more than its maker may", 422, create(&json!({ "name": "x", "scopes": ["admin"] })).new_key()).await;
    talk.say("by the new key", 403, caller.with_shown(&key).post("/v1/api-keys").new_key().json(&till)).await;
}

async fn list_api_keys(talk: &mut Talk) {
    let caller = talk.caller.clone();
    talk.say("the keys", 200, caller.get("/v1/api-keys")).await;
    talk.say("a page of them", 200, caller.get("/v1/api-keys?limit=1")).await;
}

async fn rotate_api_key(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let path = format!("/v1/api-keys/{}/rotate", caller.key.key_id);
    talk.say("its successor", 201, caller.post(&path).key("r-1")).await;
    talk.say("its successor again", 201, caller.post(&path).key("r-1")).await;
}

async fn receive_payment_webhook(talk: &mut Talk) {
    let (caller, id) = (talk.caller.clone(), placed(&talk.service).await);
    let order = talk.service.order(&id).await;
    let webhook = Webhook::captured(&caller, &order);
    talk.say("captured", 204, webhook.request(&caller)).await;
    talk.say("captured again", 204, webhook.request(&caller)).await;
    let about = |member: &str, value: &str| webhook.clone().named("msg_other").with(|body| body["data"][member] = value.into());
    talk.say("of an unknown order", 202, about("order_id", UNKNOWN_ORDER).request(&caller)).await;
    talk.say("of an unknown tenant", 202, about("tenant_id", &UNKNOWN_ORDER.replace("ord_", "ten_")).request(&caller)).await;
    talk.say("misshapen", 422, about("id", "op_1").request(&caller)).await;
    talk.say("unsigned", 401, caller.post(tests::WEBHOOK_PATH).unsigned().json(&json!({}))).await;
    talk.say("another body", 401, webhook.request(&caller).body_after_signing("{}")).await;
    talk.say("too old", 401, Webhook::captured(&caller, &order).signed_in_s(-301).request(&caller)).await;
}

async fn revoke_api_key(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let till = json!({ "name": "till 3", "scopes": ["orders:read"] });
    let key = talk.service.post("/v1/api-keys").new_key().json(&till).send().await.expect(201).json();
    let path = format!("/v1/api-keys/{}", key["id"].as_str().unwrap());
    talk.say("revoked", 204, caller.request(http::Method::DELETE, &path)).await;
    talk.say("revoked again", 204, caller.request(http::Method::DELETE, &path)).await;
}

async fn create_session(talk: &mut Talk) {
    let caller = talk.caller.clone();
    talk.say("of all that the key reads", 201, caller.post("/v1/sessions")).await;
    talk.say("of orders", 201, caller.post("/v1/sessions").json(&json!({ "scopes": ["orders:read"] }))).await;
    talk.say("of what changes orders", 422, caller.post("/v1/sessions").json(&json!({ "scopes": ["orders:write"] }))).await;
}

async fn revoke_session(talk: &mut Talk) {
    let caller = talk.caller.clone();
    let session = talk.service.post("/v1/sessions").send().await.expect(201).json();
    let path = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
    talk.say("ended", 204, caller.request(http::Method::DELETE, &path)).await;
    talk.say("ended again", 404, caller.request(http::Method::DELETE, &path)).await;
}

fn tenant_of(caller: &Caller) -> String {
    format!("/v1/admin/tenants/{}", caller.key.tenant_id)
}

fn payments_of(order: &str) -> String {
    format!("/v1/orders/{order}/payments")
}

async fn placed(service: &Caller) -> String {
    let order: Value = service.place(&sample::order()).await;
    order["id"].as_str().unwrap().to_owned()
}
