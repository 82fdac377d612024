//! `POST /v1/api-keys/{key_id}/rotate`: two keys for the time of a change.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Options, Stack, until};

const DAY_S: i64 = 86_400;

#[tokio::test]
async fn both_keys_work_for_the_overlap_which_is_a_day() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let answer = caller.post(&path(&caller)).new_key().send().await.expect(201);
    let rotated = answer.json();
    assert_eq!(answer.header("location"), format!("/v1/api-keys/{}", rotated["id"].as_str().unwrap()));
    assert_eq!(answer.header("cache-control"), "no-store");
    let replaced = &rotated["replaced"];
    assert_eq!((&replaced["id"], &replaced["current"]), (&json!(caller.key.key_id), &json!(true)));
    assert_eq!((&rotated["name"], &rotated["scopes"]), (&replaced["name"], &replaced["scopes"]));
    assert_eq!((&rotated["expires_at"], replaced.get("secret")), (&Value::Null, None));
    assert_eq!(seconds(&replaced["expires_at"]) - seconds(&rotated["created_at"]), DAY_S);
    for key in [&caller, &caller.with_shown(&rotated)] {
        key.get("/v1/orders").send().await.expect(200);
    }
}

#[tokio::test]
async fn without_an_overlap_the_old_key_stops_within_seconds() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.get("/v1/orders").send().await.expect(200);
    let rotated = caller.post(&path(&caller)).new_key().json(&json!({ "overlap_seconds": 0 })).send().await.expect(201).json();
    let at = std::time::Instant::now();
    let stopped = async || Some(caller.get("/v1/orders").send().await).filter(|answer| answer.status != 200);
    until("the old key is refused", stopped).await.problem(401, "signature_unknown_key");
    assert!(at.elapsed().as_secs() <= 6, "after {:?}", at.elapsed());
    caller.with_shown(&rotated).get("/v1/orders").send().await.expect(200);
}

#[tokio::test]
async fn a_key_that_expires_does_so_earlier_and_its_successor_with_it() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let soon = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + 600).unwrap().to_string();
    let body = json!({ "name": "till 3", "scopes": ["keys:write"], "expires_at": soon });
    let key = caller.post("/v1/api-keys").new_key().json(&body).send().await.expect(201).json();
    let rotated = caller.post(&path(&caller.with_shown(&key))).new_key().send().await.expect(201).json();
    assert_eq!((&rotated["replaced"]["expires_at"], &rotated["expires_at"]), (&key["expires_at"], &key["expires_at"]));
}

#[tokio::test]
async fn what_cannot_be_rotated_is_told_and_left_as_it_is() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let rotate = |by: &Caller, path: &str, body: Value| {
        let (by, path) = (by.clone(), path.to_owned());
        async move { by.post(&path).new_key().json(&body).send().await }
    };
    let problem = rotate(&caller, &path(&caller), json!({ "overlap_seconds": 604_801 })).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/overlap_seconds");
    let operator = stack.operator();
    let own_key_under_another_name = path(&caller).replace(&caller.key.tenant_id[4..], &stranger.key.tenant_id[4..]);
    for (by, path) in [(&stranger, path(&caller)), (&caller, own_key_under_another_name), (&operator, path(&operator))] {
        rotate(by, &path, json!({})).await.problem(404, "not_found");
    }
    rotate(&caller, "/v1/api-keys/nonsense/rotate", json!({})).await.problem(404, "not_found");

    // Who rotates a key learns its secret, so nobody rotates a key that may do more.
    let body = json!({ "name": "key keeper", "scopes": ["keys:write"] });
    let keeper = caller.with_shown(&caller.post("/v1/api-keys").new_key().json(&body).send().await.expect(201).json());
    let problem = rotate(&keeper, &path(&caller), json!({})).await.problem(403, "insufficient_scope");
    assert_eq!(problem["required_scope"], "orders:write");
    caller.delete(&format!("/v1/api-keys/{}", keeper.key.key_id)).send().await.expect(204);
    rotate(&caller, &path(&keeper), json!({})).await.problem(409, "key_ended");
    assert_eq!(stack.sql().count("api_keys WHERE expires_at IS NOT NULL").await, 0);
    assert_eq!(stack.sql().count("api_keys").await, 3);
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte_with_its_secret() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let request = |overlap: u32| caller.post(&path(&caller)).key("k-1").json(&json!({ "overlap_seconds": overlap }));
    // The first answer is lost.
    let connection = request(60).send_unheard().await;
    until("the new key is there", async || (stack.sql().count("api_keys").await == 2).then_some(())).await;
    drop(connection);
    let first = request(60).send().await.expect(201);
    let again = request(60).send().await.expect(201);
    assert_eq!(again.body, first.body);
    caller.with_shown(&first.json()).get("/v1/orders").send().await.expect(200);
    request(61).send().await.problem(422, "idempotency_key_reused");
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(stack.sql().tables_with(&secret).await, Vec::<String>::new());
    assert!(!stack.logs().text().contains(&secret));
}

#[tokio::test]
async fn ten_requests_at_once_with_one_key_rotate_once_and_leave_one_trail() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let path = path(&caller);
    let answers = join_all((0..10).map(|_| caller.post(&path).key("k-1").send())).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty() && made.iter().all(|answer| answer.body == made[0].body));
    for other in answers.iter().filter(|answer| answer.status != 201) {
        other.clone().problem(409, "idempotency_in_progress");
    }
    assert_eq!(stack.sql().count("api_keys").await, 2);
    let rotated = made[0].json();
    let trail = stack.sql().rows("SELECT actor, subject, detail->>'replaced_by' AS by FROM audit WHERE action = 'key.rotated'").await;
    assert_eq!(trail, [json!({ "actor": caller.key.key_id, "subject": caller.key.key_id, "by": rotated["id"] })]);
}

fn path(caller: &Caller) -> String {
    format!("/v1/api-keys/{}/rotate", caller.key.key_id)
}

fn seconds(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
}
