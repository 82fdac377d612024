//! `DELETE /v1/api-keys/{key_id}`: a key ends, for good and everywhere.

use serde_json::json;
use tests::{Caller, Options, Stack, until};

#[tokio::test]
async fn a_revoked_key_stops_within_seconds_in_every_process() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = json!({ "name": "till 3", "scopes": ["orders:read"] });
    let till = caller.with_shown(&caller.post("/v1/api-keys").new_key().json(&body).send().await.expect(201).json());
    let another = stack.another(&["--only", "list-orders"]).await;
    let processes = [till.clone(), till.at(another.port("server.port"))];
    for process in &processes {
        process.get("/v1/orders").send().await.expect(200);
    }
    caller.delete(&path(&till)).send().await.expect(204);
    let revoked = std::time::Instant::now();
    for process in &processes {
        let refused = async || Some(process.get("/v1/orders").send().await).filter(|answer| answer.status != 200);
        until("the key is refused", refused).await.problem(401, "signature_unknown_key");
    }
    assert!(revoked.elapsed().as_secs() <= 6, "after {:?}", revoked.elapsed());
    caller.get("/v1/orders").send().await.expect(200);
}

#[tokio::test]
async fn a_repeat_is_answered_alike_and_leaves_no_second_trail() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let body = json!({ "name": "till 3", "scopes": ["orders:read"] });
    let till = caller.with_shown(&caller.post("/v1/api-keys").new_key().json(&body).send().await.expect(201).json());
    for _ in 0..2 {
        let answer = caller.delete(&path(&till)).send().await.expect(204);
        assert!(answer.body.is_empty());
    }
    let query = "SELECT actor, subject, detail, k.revoked_at = a.at AS same FROM audit a JOIN api_keys k ON a.subject LIKE '%' || replace(k.id::text, '-', '')
                 WHERE action = 'key.revoked'";
    let expected = json!({ "actor": caller.key.key_id, "subject": till.key.key_id, "detail": {}, "same": true });
    assert_eq!(stack.sql().rows(query).await, [expected]);
}

#[tokio::test]
async fn a_key_may_end_itself_even_as_the_last_that_manages_keys() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.delete(&path(&caller)).send().await.expect(204);
    let refused = async || Some(caller.get("/v1/orders").send().await).filter(|answer| answer.status != 200);
    until("the key is refused", refused).await.problem(401, "signature_unknown_key");
}

#[tokio::test]
async fn what_is_another_tenants_does_not_exist() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let operator = stack.operator();
    let unknown = format!("/v1/api-keys/key_{}_{}", &caller.key.tenant_id[4..], "0".repeat(32));
    let own_key_under_another_name = path(&caller).replace(&caller.key.tenant_id[4..], &stranger.key.tenant_id[4..]);
    for (by, path) in [
        (&stranger, path(&caller)),
        (&operator, path(&caller)),
        (&caller, own_key_under_another_name),
        (&caller, unknown),
        (&caller, "/v1/api-keys/nonsense".to_owned()),
        // The operator's own key ends by changing the environment.
        (&operator, path(&operator)),
    ] {
        by.delete(&path).send().await.problem(404, "not_found");
    }
    assert_eq!(stack.sql().count("api_keys WHERE revoked_at IS NOT NULL").await, 0);
}

fn path(caller: &Caller) -> String {
    format!("/v1/api-keys/{}", caller.key.key_id)
}
