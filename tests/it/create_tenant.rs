//! `POST /v1/admin/tenants`: a tenant, its first key, and who may make them.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Options, Stack, raw_id, sample, until};

const PATH: &str = "/v1/admin/tenants";

#[tokio::test]
async fn a_new_tenant_is_answered_with_a_key_that_works() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let body = json!({ "name": "Tea shop", "policy": { "stock": false, "lines_max": 5 } });
    let answer = operator.post(PATH).new_key().json(&body).send().await.expect(201);
    let tenant = answer.json();
    let id = tenant["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("{PATH}/{id}"));
    assert_eq!((answer.header("etag"), answer.header("cache-control")), ("\"v1\"", "no-store"));
    let policy = json!({
        "stock": false, "payment_deadline_seconds": 86_400, "currencies": [], "lines_max": 5, "order_total_max": null,
        "reads_per_second": 10_000, "reads_per_second_per_key": 5_000, "writes_per_second": 2_000, "writes_per_second_per_key": 1_000
    });
    for (member, expected) in [("name", json!("Tea shop")), ("status", json!("active")), ("version", json!(1)), ("policy", policy)] {
        assert_eq!(tenant[member], expected, "{member}");
    }
    let caller = operator.with_shown(&tenant["first_key"]);
    assert_eq!(caller.key.tenant_id, id);
    assert_eq!(caller.place(&sample::order()).await["status"], "awaiting_payment", "its policy has no stock");
    assert_eq!(caller.get("/v1/api-keys").send().await.expect(200).json()["data"][0]["name"], "first key");
}

#[tokio::test]
async fn only_operators_come_in() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = json!({ "name": "Tea shop" });
    let problem = caller.post(PATH).new_key().json(&body).send().await.problem(403, "insufficient_scope");
    assert_eq!(problem["required_scope"], "admin");
    // Not even a row that says otherwise makes an operator of a tenant.
    stack.sql().execute("UPDATE api_keys SET scopes = scopes || '{admin}'").await.unwrap();
    let another = stack.another(&["--only", "create-tenant"]).await;
    caller.at(another.port("server.port")).post(PATH).new_key().json(&body).send().await.problem(403, "insufficient_scope");
    assert_eq!(stack.sql().count("tenants").await, 2);
}

#[tokio::test]
async fn without_an_operators_key_nobody_is_operator() {
    let stack = Stack::start(Options::http().set("OPERATOR_KEY", "")).await;
    stack.operator().post(PATH).new_key().json(&json!({ "name": "x" })).send().await.problem(401, "signature_unknown_key");
}

#[tokio::test]
async fn another_secret_is_not_the_operators() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let request = operator.post(PATH).new_key().json(&json!({ "name": "x" }));
    request.secret("osk_0123456789012345678901234567890123456789012").send().await.problem(401, "signature_mac_mismatch");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let stack = Stack::start(Options::http()).await;
    let policy = json!({
        "payment_deadline_seconds": 59, "currencies": ["EUR", "XXX", "EUR"], "lines_max": 1001, "order_total_max": 0
    });
    let operator = stack.operator();
    let send = |body: Value| operator.post(PATH).key("k-1").json(&body).send();
    let problem = send(json!({ "name": "", "policy": policy })).await.problem(422, "validation_failed");
    let told: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect();
    let expected = [
        ("/name", "length"),
        ("/policy/payment_deadline_seconds", "out_of_range"),
        ("/policy/currencies/1", "unknown_currency"),
        ("/policy/currencies/2", "duplicate"),
        ("/policy/lines_max", "out_of_range"),
        ("/policy/order_total_max", "out_of_range"),
    ];
    assert_eq!(told, expected);
    let problem = send(json!({ "name": "x", "policy": { "credit": true } })).await.problem(422, "validation_failed");
    assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!("/policy/credit"), &json!("unknown_field")));
    send(json!({ "name": "x" })).await.expect(201);
    assert_eq!(stack.sql().count("tenants").await, 2, "a refusal leaves the key free and nothing behind");
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte_with_its_secret() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let send = |name: &str| operator.post(PATH).key("k-1").json(&json!({ "name": name })).send();
    let first = send("Tea shop").await.expect(201);
    let again = send("Tea shop").await.expect(201);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    for header in ["location", "etag", "content-type", "cache-control"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    send("Coffee shop").await.problem(422, "idempotency_key_reused");
    assert_eq!(stack.sql().count("tenants").await, 2);
}

#[tokio::test]
async fn ten_requests_at_once_with_one_key_make_one_tenant() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let body = json!({ "name": "Tea shop" });
    let answers = join_all((0..10).map(|_| operator.post(PATH).key("k-1").json(&body).send())).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty() && made.iter().all(|answer| answer.body == made[0].body));
    for other in answers.iter().filter(|answer| answer.status != 201) {
        other.clone().problem(409, "idempotency_in_progress");
    }
    assert_eq!((stack.sql().count("tenants").await, stack.sql().count("api_keys").await), (2, 1));
}

#[tokio::test]
async fn an_answer_that_was_lost_is_there_for_the_retry() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let request = || operator.post(PATH).key("k-1").json(&json!({ "name": "Tea shop" }));
    let connection = request().send_unheard().await;
    until("the tenant is there", async || (stack.sql().count("tenants").await == 2).then_some(())).await;
    drop(connection);
    let answer = request().send().await.expect(201);
    assert_eq!(answer.header("idempotency-replayed"), "true");
    operator.with_shown(&answer.json()["first_key"]).get("/v1/orders").send().await.expect(200);
}

#[tokio::test]
async fn the_secret_is_sealed_in_its_own_row_and_nowhere_else() {
    let stack = Stack::start(Options::http().set("LOG_LEVEL", "debug")).await;
    let operator = stack.operator();
    let send = || operator.post(PATH).key("k-1").json(&json!({ "name": "Tea shop" })).send();
    let tenant = send().await.expect(201).json();
    let secret = tenant["first_key"]["secret"].as_str().unwrap();
    for secret in [secret, &operator.key.secret] {
        assert_eq!(stack.sql().tables_with(secret).await, Vec::<String>::new());
        assert!(!stack.logs().text().contains(secret) && !stack.service.stderr().contains(secret));
    }
    // A replay reads the key's row: with that unreadable there is no secret left to show.
    stack.sql().execute("UPDATE api_keys SET secret_sealed = '\\x00'").await.unwrap();
    send().await.problem(500, "internal");
}

#[tokio::test]
async fn the_tenant_its_key_the_trail_and_the_answer_are_one_transaction() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let tenant = operator.post(PATH).new_key().json(&json!({ "name": "Tea shop" })).send().await.expect(201).json();
    let (id, sql) = (tenant["id"].as_str().unwrap(), stack.sql());
    let own = format!("WHERE tenant_id = '{}'", raw_id(id));
    let query = format!(
        "SELECT count(DISTINCT xmin::text) AS n FROM (SELECT xmin FROM tenants {own} UNION ALL SELECT xmin FROM api_keys {own}
         UNION ALL SELECT xmin FROM audit {own} UNION ALL SELECT xmin FROM idempotency_records) rows"
    );
    assert_eq!(sql.value(&query).await, 1);
    let trail = sql.rows(&format!("SELECT actor, action, subject, detail->>'first_key' AS key FROM audit {own}")).await;
    let expected = json!({
        "actor": operator.key.key_id, "action": "tenant.created", "subject": id, "key": tenant["first_key"]["id"]
    });
    assert_eq!(trail, [expected]);
    let claim = sql.value("SELECT tenant_id FROM idempotency_records").await;
    assert_eq!(claim, "00000000-0000-0000-0000-000000000000", "the claim is the operator's");
}
