//! `GET /v1/admin/tenants/{tenant_id}`.

use serde_json::json;
use tests::{Options, Stack};

#[tokio::test]
async fn a_tenant_reads_as_it_was_answered_and_not_again_by_who_has_it() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let body = json!({ "name": "Tea shop", "policy": { "currencies": ["EUR", "JPY"], "order_total_max": 100_000 } });
    let mut created = operator.post("/v1/admin/tenants").new_key().json(&body).send().await.expect(201).json();
    created.as_object_mut().unwrap().remove("first_key");
    let path = format!("/v1/admin/tenants/{}", created["id"].as_str().unwrap());
    let answer = operator.get(&path).send().await.expect(200);
    assert_eq!((answer.json(), answer.header("etag")), (created, "\"v1\""));
    let same = operator.get(&path).header("if-none-match", "\"v1\"").send().await.expect(304);
    assert_eq!((same.body.len(), same.header("etag")), (0, "\"v1\""));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let stack = Stack::start(Options::http()).await;
    for id in ["ten_0198f000000070008000000000000001", "ord_0198f000000070008000000000000001", "nonsense"] {
        stack.operator().get(&format!("/v1/admin/tenants/{id}")).send().await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_tenant_does_not_even_see_itself_there() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let path = format!("/v1/admin/tenants/{}", caller.key.tenant_id);
    let problem = caller.get(&path).send().await.problem(403, "insufficient_scope");
    assert_eq!(problem["required_scope"], "admin");
}
