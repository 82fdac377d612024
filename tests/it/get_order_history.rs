//! `GET /v1/orders/{order_id}/history`.

use tests::{Options, Stack, sample};

#[tokio::test]
async fn the_first_version_says_who_placed_the_order_and_in_which_request() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let request = caller.post("/v1/orders").new_key().header("x-request-id", "req-1842").json(&sample::order());
    let order = request.send().await.expect(201).json();
    let history = caller.history(order["id"].as_str().unwrap()).await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["version"], 1);
    assert_eq!(history[0]["action"], "created");
    assert_eq!(history[0]["actor"], caller.key.key_id.as_str());
    assert_eq!(history[0]["correlation_id"], "req-1842");
    assert_eq!((history[0]["from"].clone(), history[0]["to"].clone()), (serde_json::Value::Null, "pending".into()));
}

#[tokio::test]
async fn history_comes_in_pages_oldest_first() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let order = caller.place(&sample::order()).await;
    let more = "INSERT INTO order_history SELECT tenant_id, order_id, n, 'updated', actor, to_status, to_status, NULL, NULL, at
                FROM order_history, generate_series(2, 5) AS n";
    stack.sql().execute(more).await.unwrap();
    let mut path = format!("/v1/orders/{}/history?limit=2", order["id"].as_str().unwrap());
    let mut versions = Vec::new();
    loop {
        let page = caller.get(&path).send().await.expect(200).json();
        versions.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["version"].as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/orders/{}/history?limit=2&cursor={cursor}", order["id"].as_str().unwrap());
    }
    assert_eq!(versions, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn the_history_of_another_tenants_order_does_not_exist() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let order = caller.place(&sample::order()).await;
    stranger.get(&format!("/v1/orders/{}/history", order["id"].as_str().unwrap())).send().await.problem(404, "not_found");
}
