//! `GET /v1/api-keys`.

use serde_json::{Value, json};
use tests::{Caller, Options, Stack};

const PATH: &str = "/v1/api-keys";

#[tokio::test]
async fn keys_come_newest_first_and_the_callers_own_is_marked() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let key = create(&caller, "till 1").await;
    let list = caller.get(PATH).send().await.expect(200);
    let page = list.json();
    let shown: Vec<_> = page["data"].as_array().unwrap().iter().map(|key| (&key["id"], &key["name"], &key["current"])).collect();
    let own = json!(caller.key.key_id);
    assert_eq!(shown, [(&key["id"], &json!("till 1"), &json!(false)), (&own, &json!("first key"), &json!(true))]);
    let members: Vec<_> = page["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["created_at", "current", "expires_at", "id", "name", "revoked_at", "scopes"]);
    let text = String::from_utf8(list.body).unwrap();
    assert!(!text.contains("osk_") && !text.contains("secret"), "{text}");
    let by_the_other = caller.with_shown(&key).get(PATH).send().await.expect(200).json();
    assert_eq!((&by_the_other["data"][0]["current"], &by_the_other["data"][1]["current"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn a_key_that_has_ended_stays_in_the_list() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let key = create(&caller, "till 1").await;
    caller.delete(&format!("{PATH}/{}", key["id"].as_str().unwrap())).send().await.expect(204);
    let page = caller.get(PATH).send().await.expect(200).json();
    assert!(page["data"][0]["revoked_at"].is_string() && page["data"][1]["revoked_at"].is_null(), "{page}");
}

#[tokio::test]
async fn pages_follow_one_another() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    for name in ["till 1", "till 2"] {
        create(&caller, name).await;
    }
    let first = caller.get(&format!("{PATH}?limit=2")).send().await.expect(200);
    assert_eq!((names(&first.json()), &first.json()["has_more"]), (vec!["till 2".to_owned(), "till 1".to_owned()], &json!(true)));
    let next = first.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0;
    let second = caller.get(next).send().await.expect(200).json();
    assert_eq!((names(&second), &second["has_more"]), (vec!["first key".to_owned()], &json!(false)));
}

#[tokio::test]
async fn a_tenant_sees_its_own_keys_only_and_only_who_manages_keys_sees_them() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    create(&caller, "till 1").await;
    assert_eq!(names(&stranger.get(PATH).send().await.expect(200).json()), ["first key"]);
    // The operator's own key is in the environment and in no list.
    assert!(names(&stack.operator().get(PATH).send().await.expect(200).json()).is_empty());
    let body = json!({ "name": "till 2", "scopes": ["orders:read"] });
    let reader = caller.with_shown(&caller.post(PATH).new_key().json(&body).send().await.expect(201).json());
    reader.get(PATH).send().await.problem(403, "insufficient_scope");
}

async fn create(caller: &Caller, name: &str) -> Value {
    let body = json!({ "name": name, "scopes": ["orders:read", "keys:write"] });
    caller.post(PATH).new_key().json(&body).send().await.expect(201).json()
}

fn names(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}
