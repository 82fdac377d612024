//! `PATCH /v1/admin/tenants/{tenant_id}`: what changes, when it is obeyed, and what is refused.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::catalog;
use tests::{Caller, Options, Stack, raw_id, sample, until};

#[tokio::test]
async fn a_patch_changes_what_it_names_and_makes_a_version() {
    let stack = Stack::start(Options::http()).await;
    let (operator, path) = (stack.operator(), path(&stack.tenant().await));
    let body = json!({ "name": "Coffee shop", "policy": { "lines_max": 5, "currencies": ["EUR"] } });
    let answer = operator.patch(&path, 1).json(&body).send().await.expect(200);
    let tenant = answer.json();
    assert_eq!((answer.header("etag"), &tenant["version"], &tenant["name"]), ("\"v2\"", &json!(2), &json!("Coffee shop")));
    assert_eq!((&tenant["policy"]["lines_max"], &tenant["policy"]["currencies"]), (&json!(5), &json!(["EUR"])));
    assert_eq!(tenant["policy"]["payment_deadline_seconds"], 86_400);
    assert_eq!(operator.get(&path).send().await.expect(200).body, answer.body);

    let merge_patch = operator.patch(&path, 2).json(&json!({ "policy": { "lines_max": null } }));
    let tenant = merge_patch.header("content-type", "application/merge-patch+json").send().await.expect(200).json();
    assert_eq!(
        (&tenant["version"], &tenant["policy"]["lines_max"], &tenant["policy"]["currencies"]),
        (&json!(3), &json!(1000), &json!(["EUR"]))
    );
}

#[tokio::test]
async fn a_patch_that_changes_nothing_is_no_version_and_leaves_no_trail() {
    let stack = Stack::start(Options::http()).await;
    let (operator, path) = (stack.operator(), path(&stack.tenant().await));
    let nothing = json!({ "name": "a test's tenant", "status": "active", "policy": { "stock": true } });
    let answer = operator.patch(&path, 1).json(&nothing).send().await.expect(200);
    assert_eq!((answer.header("etag"), stack.sql().count("audit WHERE action = 'tenant.updated'").await), ("\"v1\"", 0));
}

#[tokio::test]
async fn the_version_that_a_change_is_based_on_is_demanded_and_tested() {
    let stack = Stack::start(Options::http()).await;
    let (operator, path) = (stack.operator(), path(&stack.tenant().await));
    let body = json!({ "name": "Coffee shop" });
    operator.request(http::Method::PATCH, &path).json(&body).send().await.problem(428, "precondition_required");
    operator.patch(&path, 2).json(&body).send().await.problem(412, "version_mismatch");
    operator.patch(&path, 1).header("if-match", "*").json(&body).send().await.expect(200);
    operator.patch(&path, 1).json(&body).send().await.problem(412, "version_mismatch");
}

#[tokio::test]
async fn of_ten_changes_of_one_version_one_is_made() {
    let stack = Stack::start(Options::http()).await;
    let (operator, path) = (stack.operator(), path(&stack.tenant().await));
    let names: Vec<Value> = (0..10).map(|index| json!({ "name": format!("shop {index}") })).collect();
    let answers = join_all(names.iter().map(|body| operator.patch(&path, 1).json(body).send())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for other in answers.into_iter().filter(|answer| answer.status != 200) {
        other.problem(412, "version_mismatch");
    }
    assert_eq!(stack.sql().count("audit WHERE action = 'tenant.updated'").await, 1);
}

#[tokio::test]
async fn each_mistake_is_named_and_nothing_changes() {
    let stack = Stack::start(Options::http()).await;
    let (operator, path) = (stack.operator(), path(&stack.tenant().await));
    for (body, pointer, code) in [
        (json!({ "name": null }), "/name", "required"),
        (json!({ "name": "x".repeat(201) }), "/name", "length"),
        (json!({ "status": "closed" }), "/status", "unknown_value"),
        (json!({ "id": "ten_1" }), "/id", "unknown_field"),
        (json!({ "policy": { "payment_deadline_seconds": 2_592_001 } }), "/policy/payment_deadline_seconds", "out_of_range"),
        (json!({ "policy": { "lines_max": 0 } }), "/policy/lines_max", "out_of_range"),
        (json!({ "policy": { "lines_max": -1 } }), "/policy/lines_max", "out_of_range"),
        (json!({ "policy": { "currencies": ["EUR", "EUR"] } }), "/policy/currencies/1", "duplicate"),
    ] {
        let problem = operator.patch(&path, 1).json(&body).send().await.problem(422, "validation_failed");
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    let text = operator.patch(&path, 1).bytes("{}").header("content-type", "text/plain").send().await;
    text.problem(415, "unsupported_media_type");
    assert_eq!(operator.get(&path).send().await.header("etag"), "\"v1\"");
}

#[tokio::test]
async fn only_operators_change_tenants_and_only_those_there_are() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = json!({ "status": "active" });
    caller.patch(&path(&caller), 1).json(&body).send().await.problem(403, "insufficient_scope");
    let absent = "/v1/admin/tenants/ten_0198f000000070008000000000000001";
    stack.operator().patch(absent, 1).json(&body).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn orders_obey_a_changed_policy_within_seconds_in_every_process() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let another = stack.another(&["--only", "create-order"]).await;
    let processes = [caller.clone(), caller.at(another.port("server.port"))];
    for process in &processes {
        process.place(&sample::order()).await;
    }
    let policy = json!({ "stock": false, "currencies": ["JPY"], "lines_max": 1, "order_total_max": 3489 });
    stack.operator().patch(&path(&caller), 1).json(&json!({ "policy": policy })).send().await.expect(200);
    let changed = std::time::Instant::now();
    let wrong = sample::with(|order| {
        let line = order["lines"][0].clone();
        order["lines"] = json!([line, line]);
        order["expected_total"] = Value::Null;
    });
    for process in &processes {
        let refused = until("the policy is obeyed", async || {
            Some(process.post("/v1/orders").new_key().json(&wrong).send().await).filter(|answer| answer.status != 201)
        });
        let problem = refused.await.problem(422, "validation_failed");
        let told: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| (e["pointer"].clone(), e["code"].clone())).collect();
        let expected = [("/currency", "not_allowed"), ("/lines", "exceeds_policy"), ("", "exceeds_policy")];
        assert_eq!(told, expected.map(|(pointer, code)| (json!(pointer), json!(code))));
        let message = problem["errors"][2]["message"].as_str().unwrap();
        assert!(message.contains("6490") && message.contains("3489"), "both numbers are named: {message}");
    }
    assert!(changed.elapsed().as_secs() <= 6, "after {:?}", changed.elapsed());
    let fits = sample::with(|order| {
        order["currency"] = "JPY".into();
        order["lines"][0]["tax"] = 499.into();
        order["expected_total"] = 3489.into();
        order["payments"] = json!([]);
    });
    assert_eq!(caller.place(&fits).await["status"], "awaiting_payment", "exactly the limit, and without stock");
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_everywhere_until_it_is_active_again() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let (operator, path) = (stack.operator(), path(&caller));
    caller.get("/v1/orders").send().await.expect(200);
    operator.patch(&path, 1).json(&json!({ "status": "suspended" })).send().await.expect(200);
    let refused = async || (caller.get("/v1/orders").send().await.status == 403).then_some(());
    until("the tenant is refused", refused).await;
    for route in catalog::HTTP.iter().filter(|spec| spec.permission.is_by_key()).flat_map(|spec| spec.routes) {
        let template = route.path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
        let path = template.collect::<Vec<_>>().join("/");
        let request = caller.request(route.method.parse().unwrap(), &path).new_key();
        request.send().await.problem(403, "tenant_suspended");
    }
    operator.patch(&path, 2).json(&json!({ "status": "active" })).send().await.expect(200);
    until("the tenant is let in", async || (caller.get("/v1/orders").send().await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn the_trail_is_the_tenants_and_names_what_changed_from_what_to_what() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let operator = stack.operator();
    let body = json!({ "name": "Coffee shop", "status": "suspended", "policy": { "lines_max": 5 } });
    operator.patch(&path(&caller), 1).json(&body).send().await.expect(200);
    let query = format!(
        "SELECT actor, subject, detail, t.xmin::text = a.xmin::text AS at_once FROM audit a JOIN tenants t USING (tenant_id)
         WHERE tenant_id = '{}' AND action = 'tenant.updated'",
        raw_id(&caller.key.tenant_id)
    );
    let detail = json!({
        "name": {}, "status": { "from": "active", "to": "suspended" }, "policy.lines_max": { "from": 1000, "to": 5 }
    });
    let expected = json!({ "actor": operator.key.key_id, "subject": caller.key.tenant_id, "detail": detail, "at_once": true });
    assert_eq!(stack.sql().rows(&query).await, [expected]);
}

fn path(caller: &Caller) -> String {
    format!("/v1/admin/tenants/{}", caller.key.tenant_id)
}
