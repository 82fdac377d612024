//! `POST /v1/api-keys`: what a key may grant, until when it is good, and how a tenant without one gets back in.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Key, Options, Program, Stack, raw_id, sample, until};

const PATH: &str = "/v1/api-keys";

#[tokio::test]
async fn a_new_key_does_what_it_was_granted_and_no_more() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let answer = create(&caller, &reader()).await.expect(201);
    let key = answer.json();
    let id = key["id"].as_str().unwrap();
    assert_eq!((answer.header("location"), answer.header("cache-control")), (&*format!("{PATH}/{id}"), "no-store"));
    for (member, expected) in [
        ("name", json!("till 3")),
        ("scopes", json!(["orders:read"])),
        ("expires_at", Value::Null),
        ("revoked_at", Value::Null),
        ("current", json!(false)),
    ] {
        assert_eq!(key[member], expected, "{member}");
    }
    let reader = caller.with_shown(&key);
    assert_eq!(reader.key.tenant_id, caller.key.tenant_id);
    reader.get("/v1/orders").send().await.expect(200);
    reader.post("/v1/orders").new_key().json(&sample::order()).send().await.problem(403, "insufficient_scope");
    create(&reader, &self::reader()).await.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn a_key_cannot_grant_what_it_lacks() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let narrow = caller.with_shown(&create(&caller, &with("scopes", json!(["keys:write", "orders:read"]))).await.expect(201).json());
    for (by, scopes, pointer) in [
        (&narrow, json!(["orders:read", "orders:write"]), "/scopes/1"),
        (&caller, json!(["admin"]), "/scopes/0"),
        (&caller, json!(["orders:read", "ops:read"]), "/scopes/1"),
        (&caller, json!(["ops:write"]), "/scopes/0"),
        (&stack.operator(), json!(["orders:read"]), "/scopes/0"),
    ] {
        let problem = create(by, &with("scopes", scopes.clone())).await.problem(422, "validation_failed");
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!("not_granted")));
        let index: usize = pointer.rsplit('/').next().unwrap().parse().unwrap();
        let message = problem["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(scopes[index].as_str().unwrap()), "{message}");
    }
    assert_eq!(stack.sql().count("api_keys").await, 2);
}

#[tokio::test]
async fn a_revoked_key_gets_no_successor_where_it_is_still_known() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let keeper = with("scopes", json!(["keys:write", "orders:read"]));
    let stolen = caller.with_shown(&create(&caller, &keeper).await.expect(201).json());
    stolen.get(PATH).send().await.expect(200);
    caller.delete(&format!("{PATH}/{}", stolen.key.key_id)).send().await.expect(204);
    let rotate = format!("{PATH}/{}/rotate", stolen.key.key_id);
    for answer in [create(&stolen, &reader()).await, stolen.post(&rotate).new_key().send().await] {
        // Unknown already, if this machine took so long.
        match answer.status {
            401 => answer.problem(401, "signature_unknown_key"),
            _ => answer.problem(409, "key_ended"),
        };
    }
    assert_eq!(stack.sql().count("api_keys").await, 2);
}

#[tokio::test]
async fn each_mistake_is_named() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    for (body, pointer, code) in [
        (with("name", json!("")), "/name", "length"),
        (with("scopes", json!([])), "/scopes", "length"),
        (with("scopes", json!(["orders:read", "orders:read"])), "/scopes/1", "duplicate"),
        (with("scopes", json!(["orders:eat"])), "/scopes/0", "unknown_value"),
        (with("expires_at", json!("2020-01-01T00:00:00Z")), "/expires_at", "out_of_range"),
        (with("expires_at", json!("tomorrow")), "/expires_at", "invalid_value"),
        (with("secret", json!("osk_mine")), "/secret", "unknown_field"),
    ] {
        let problem = create(&caller, &body).await.problem(422, "validation_failed");
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    caller.post(PATH).json(&reader()).send().await.problem(400, "idempotency_key_required");
}

#[tokio::test]
async fn a_key_is_good_until_it_expires_and_its_answer_longer() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let expires_at = (std::time::SystemTime::now() + Duration::from_secs(2)).duration_since(std::time::UNIX_EPOCH).unwrap();
    let expires_at = jiff::Timestamp::from_second(expires_at.as_secs().try_into().unwrap()).unwrap().to_string();
    let body = with("expires_at", json!(expires_at));
    let send = || caller.post(PATH).key("k-1").json(&body).send();
    let first = send().await.expect(201);
    let short = caller.with_shown(&first.json());
    short.get("/v1/orders").send().await.expect(200);
    let ended = async || Some(short.get("/v1/orders").send().await).filter(|answer| answer.status != 200);
    until("the key has expired", ended).await.problem(401, "signature_unknown_key");
    assert_eq!(send().await.expect(201).body, first.body, "a replay outlives what the request asked for");
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte_with_its_secret() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let send = |body: Value| {
        let caller = &caller;
        async move { caller.post(PATH).key("k-1").json(&body).send().await }
    };
    // A name that would break a careless way of leaving the secret out.
    let body = with("name", json!("\"secret\":\"osk_\" {secret} \\u0000"));
    let first = send(body.clone()).await.expect(201);
    let again = send(body.clone()).await.expect(201);
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.json()["name"], body["name"]);
    send(reader()).await.problem(422, "idempotency_key_reused");
    assert_eq!(stack.sql().count("api_keys").await, 2);
}

#[tokio::test]
async fn ten_requests_at_once_with_one_key_make_one_key() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = reader();
    let answers = join_all((0..10).map(|_| caller.post(PATH).key("k-1").json(&body).send())).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty() && made.iter().all(|answer| answer.body == made[0].body));
    for other in answers.iter().filter(|answer| answer.status != 201) {
        other.clone().problem(409, "idempotency_in_progress");
    }
    assert_eq!(stack.sql().count("api_keys").await, 2);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_there_for_the_retry() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = reader();
    let request = || caller.post(PATH).key("k-1").json(&body);
    let connection = request().send_unheard().await;
    until("the key is there", async || (stack.sql().count("api_keys").await == 2).then_some(())).await;
    drop(connection);
    let answer = request().send().await.expect(201);
    caller.with_shown(&answer.json()).get("/v1/orders").send().await.expect(200);
}

#[tokio::test]
async fn the_secret_is_sealed_in_its_own_row_and_the_trail_names_who_granted_what() {
    let stack = Stack::start(Options::http().set("LOG_LEVEL", "debug")).await;
    let caller = stack.tenant().await;
    let send = || async { caller.post(PATH).key("k-1").json(&reader()).send().await };
    let key = send().await.expect(201).json();
    let secret = key["secret"].as_str().unwrap();
    assert_eq!(stack.sql().tables_with(secret).await, Vec::<String>::new());
    assert!(!stack.logs().text().contains(secret));
    let trail = stack.sql().rows("SELECT actor, subject, detail FROM audit WHERE action = 'key.created'").await;
    let detail = json!({ "scopes": ["orders:read"], "expires_at": null });
    assert_eq!(trail, [json!({ "actor": caller.key.key_id, "subject": key["id"], "detail": detail })]);
    let own = format!("UPDATE api_keys SET secret_sealed = '\\x00' WHERE name = '{}'", "till 3");
    stack.sql().execute(&own).await.unwrap();
    send().await.problem(500, "internal");
}

#[tokio::test]
async fn an_operator_makes_further_operators() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator();
    let body = json!({ "name": "night shift", "scopes": ["admin"] });
    let second = operator.with_shown(&create(&operator, &body).await.expect(201).json());
    second.post("/v1/admin/tenants").new_key().json(&json!({ "name": "Tea shop" })).send().await.expect(201);
    let actor = stack.sql().value("SELECT actor FROM audit WHERE action = 'tenant.created'").await;
    assert_eq!(actor, second.key.key_id.as_str());
    create(&second, &body).await.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn whoever_runs_the_service_lets_a_locked_out_tenant_in_again() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.delete(&format!("{PATH}/{}", caller.key.key_id)).send().await.expect(204);
    let output = stack.run(Program::Standalone, &["create-key", "--tenant", &caller.key.tenant_id]).await;
    assert!(output.status.success(), "{output:?}");
    let key = Key::printed(&output.stdout);
    assert_eq!(key.tenant_id, caller.key.tenant_id);
    create(&caller.with_key(key.clone()), &reader()).await.expect(201);
    let query = format!(
        "SELECT actor FROM audit WHERE tenant_id = '{}' AND action = 'key.created' AND subject = '{}'",
        raw_id(&key.tenant_id),
        key.key_id
    );
    assert_eq!(stack.sql().value(&query).await, "command-line");
}

#[tokio::test]
async fn the_command_line_makes_keys_of_tenants_alone() {
    let stack = Stack::start(Options::http()).await;
    let operator = stack.operator().key.tenant_id;
    for tenant in ["ten_0198f000000070008000000000000001", &operator] {
        let output = stack.run(Program::Standalone, &["create-key", "--tenant", tenant]).await;
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).trim()), (Some(1), "not found"));
    }
    let output = stack.run(Program::Standalone, &["create-tenant", "--name", ""]).await;
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).trim()),
        (Some(1), "/name must have 1 to 200 characters, has 0")
    );
    assert_eq!(stack.sql().count("api_keys").await, 0);
}

/// A key that only reads.
fn reader() -> Value {
    json!({ "name": "till 3", "scopes": ["orders:read"] })
}

fn with(member: &str, value: Value) -> Value {
    let mut body = reader();
    body[member] = value;
    body
}

async fn create(by: &Caller, body: &Value) -> tests::Answer {
    by.post(PATH).new_key().json(body).send().await
}
