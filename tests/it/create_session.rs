//! `POST /v1/sessions`: a key lends what it reads, to whoever holds the token.

use serde_json::json;
use shared::domain::permissions::Permission;
use tests::{Options, Stack, sample, until};

#[tokio::test]
async fn a_session_reads_what_its_key_reads_and_changes_nothing() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
    let answer = caller.post("/v1/sessions").send().await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let session = answer.json();
    assert_eq!(session["scopes"], json!(["orders:read", "payments:read"]));
    let token = session["token"].as_str().unwrap();
    for path in ["", "/history", "/payments", "/ledger"] {
        let read = caller.get(&format!("/v1/orders/{order}{path}")).in_session(token).send().await.expect(200);
        assert!(read.header("ratelimit").contains("reads-"), "{path}");
    }
    assert_eq!(caller.get("/v1/orders").in_session(token).send().await.expect(200).json()["data"][0]["id"], *order);
    let cancel = caller.post(&format!("/v1/orders/{order}/cancel")).new_key().in_session(token).send().await;
    assert_eq!(cancel.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    cancel.problem(401, "unauthenticated");
    caller.post("/v1/sessions").in_session(token).send().await.problem(401, "unauthenticated");
    let keys = caller.get("/v1/api-keys").in_session(token).send().await.problem(403, "insufficient_scope");
    assert_eq!(keys["required_scope"], "keys:write");
}

#[tokio::test]
async fn it_lends_no_more_than_it_is_asked_for_and_holds() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_with_scopes(&[Permission::OrdersRead, Permission::OrdersWrite]).await;
    let ask = |scopes: serde_json::Value| caller.post("/v1/sessions").json(&json!({ "scopes": scopes })).send();
    let session = ask(json!(["orders:read"])).await.expect(201).json();
    let payments = format!("/v1/orders/{}/payments", "ord_0198f000000070008000000000000001");
    caller.get(&payments).in_session(session["token"].as_str().unwrap()).send().await.problem(403, "insufficient_scope");
    assert_eq!(ask(json!(["payments:read"])).await.problem(403, "insufficient_scope")["required_scope"], "payments:read");
    let problem = ask(json!(["orders:write", "orders:read", "orders:read"])).await.problem(422, "validation_failed");
    let named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| (&error["pointer"], &error["code"])).collect();
    assert_eq!(named, [(&json!("/scopes/0"), &json!("not_lendable")), (&json!("/scopes/2"), &json!("duplicate"))]);
    ask(json!([])).await.problem(422, "validation_failed");
    let writer = stack.tenant_with_scopes(&[Permission::OrdersWrite]).await;
    writer.post("/v1/sessions").send().await.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn a_session_is_its_tenants_alone_and_ends_with_its_key() {
    let stack = Stack::start(Options::http()).await;
    let (caller, other) = tokio::join!(stack.tenant(), stack.tenant());
    let order = sample::order();
    let (own, foreign) = tokio::join!(caller.place(&order), other.place(&order));
    let till = json!({ "name": "till 3", "scopes": ["orders:read"] });
    let lender = caller.with_shown(&caller.post("/v1/api-keys").new_key().json(&till).send().await.expect(201).json());
    let session = lender.post("/v1/sessions").send().await.expect(201).json();
    let token = session["token"].as_str().unwrap();
    let path = |order: &serde_json::Value| format!("/v1/orders/{}", order["id"].as_str().unwrap());
    caller.get(&path(&own)).in_session(token).send().await.expect(200);
    caller.get(&path(&foreign)).in_session(token).send().await.problem(404, "not_found");
    caller.delete(&format!("/v1/api-keys/{}", lender.key.key_id)).send().await.expect(204);
    until("the session ends with its key", async || (caller.get(&path(&own)).in_session(token).send().await.status == 401).then_some(()))
        .await;
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_opens_nothing() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let session = caller.post("/v1/sessions").send().await.expect(201).json();
    let token = session["token"].as_str().unwrap();
    let altered = format!("{}A{}", &token[..60], &token[61..]);
    for bad in ["ses_", &altered, &token[..token.len() - 2], caller.key.secret.as_str()] {
        caller.get("/v1/orders").in_session(bad).send().await.problem(401, "unauthenticated");
    }
    // Another scheme is no session, and the request is not signed either.
    caller.get("/v1/orders").header("authorization", "Basic YTpi").unsigned().send().await.problem(401, "signature_missing");
    // A signature counts more than a token beside it.
    caller.get("/v1/orders").header("authorization", "Bearer x").send().await.expect(200);
}

#[tokio::test]
async fn without_redis_no_session_begins_and_whoever_has_one_reads_on() {
    let stack = Stack::start(Options::http().proxied("REDIS_URL")).await;
    let caller = stack.tenant().await;
    let session = caller.post("/v1/sessions").send().await.expect(201).json();
    stack.proxy("REDIS_URL").cut();
    caller.get("/v1/orders").in_session(session["token"].as_str().unwrap()).send().await.expect(200);
    caller.post("/v1/sessions").send().await.problem(503, "dependency_unavailable");
}
