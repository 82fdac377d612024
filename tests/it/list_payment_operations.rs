//! `GET /v1/ops/payment-operations`.

use serde_json::{Value, json};
use shared::domain::permissions::Permission;
use tests::{Caller, Options, Stack, sample};

/// Places an order the outcome of whose payment nobody knows; as many times as wanted.
async fn unknown(stack: &Stack, caller: &Caller, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned();
        let operation = caller.order(&id).await["payments"][0]["operations"][0]["id"].as_str().unwrap().to_owned();
        ids.push(operation);
    }
    stack.sql().execute("UPDATE payment_operations SET state = 'unknown'").await.unwrap();
    ids
}

async fn list(stack: &Stack, query: &str) -> Vec<Value> {
    let body = stack.operator().get(&format!("/v1/ops/payment-operations{query}")).send().await.expect(200).json();
    body["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_operator_sees_what_must_be_settled_of_every_tenant_newest_first() {
    let stack = Stack::start(Options::http()).await;
    let (one, other) = (stack.tenant_without_stock().await, stack.tenant_without_stock().await);
    let mut ids = unknown(&stack, &one, 2).await;
    ids.extend(unknown(&stack, &other, 1).await);
    let shown = list(&stack, "").await;
    let found: Vec<_> = shown.iter().map(|operation| operation["id"].as_str().unwrap().to_owned()).collect();
    ids.reverse();
    assert_eq!(found, ids);
    let newest = &shown[0];
    assert_eq!(
        (&newest["tenant_id"], &newest["status"], &newest["attention"]),
        (&json!(other.key.tenant_id), &json!("unknown"), &Value::Null)
    );
    assert_eq!((&newest["amount"], &newest["currency"], &newest["kind"]), (&json!(3490), &json!("EUR"), &json!("capture")));
    assert!(!newest["order_number"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn the_list_is_filtered_and_comes_in_pages() {
    let stack = Stack::start(Options::http()).await;
    let (one, other) = (stack.tenant_without_stock().await, stack.tenant_without_stock().await);
    let mine = unknown(&stack, &one, 3).await;
    unknown(&stack, &other, 1).await;
    let marked = "UPDATE payment_operations SET attention = 'unanswered' WHERE id = (SELECT min(id::text)::uuid FROM payment_operations)";
    stack.sql().execute(marked).await.unwrap();
    assert_eq!(list(&stack, &format!("?tenant_id={}", one.key.tenant_id)).await.len(), 3);
    let unanswered = list(&stack, "?attention=unanswered").await;
    assert_eq!((unanswered.len(), &unanswered[0]["id"]), (1, &json!(mine[0])));
    let first = stack.operator().get("/v1/ops/payment-operations?limit=3").send().await.expect(200).json();
    assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (3, &json!(true)));
    let rest = list(&stack, &format!("?limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((rest.len(), &rest[0]["id"]), (1, &json!(mine[0])));
    stack.operator().get("/v1/ops/payment-operations?attention=bored").send().await.problem(422, "validation_failed");
}

#[tokio::test]
async fn no_tenant_sees_another_ones_even_with_the_scope() {
    let stack = Stack::start(Options::http()).await;
    let (one, curious) = (stack.tenant_without_stock().await, stack.tenant_with_scopes(&[Permission::OpsRead]).await);
    unknown(&stack, &one, 1).await;
    let body = curious.get("/v1/ops/payment-operations").send().await.expect(200).json();
    assert_eq!(body["data"], json!([]));
    one.get("/v1/ops/payment-operations").send().await.problem(403, "insufficient_scope");
}
