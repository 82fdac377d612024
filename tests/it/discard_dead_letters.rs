//! `POST /v1/ops/dead-letters/discard`.

use serde_json::{Value, json};
use shared::domain::permissions::Permission;
use tests::{Caller, Options, Request, Stack, raw_id};

/// Letters of a tenant's, or of nobody's, that say nothing.
async fn letters(stack: &Stack, caller: Option<&Caller>, count: usize) {
    let tenant = caller.map_or_else(|| "NULL".to_owned(), |caller| format!("'{}'", raw_id(&caller.key.tenant_id)));
    let query = format!(
        "INSERT INTO dead_letters (id, tenant_id, consumer, reason_class, reason, preview, body_sealed, created_at)
         SELECT (lpad(to_hex((SELECT count(*) FROM dead_letters) + n), 32, '0'))::uuid, {tenant}, 'on-payment-event', 'poison', 'impossible',
             '{{}}', '', now()
         FROM generate_series(1, {count}) AS n"
    );
    stack.sql().execute(&query).await.unwrap();
}

fn discard<'c>(caller: &'c Caller, which: &Value) -> Request<'c> {
    let mut body = which.clone();
    body["reason"] = "sent_by_a_test".into();
    caller.post("/v1/ops/dead-letters/discard").json(&body)
}

async fn open(stack: &Stack) -> i64 {
    stack.sql().count("dead_letters WHERE state = 'open'").await
}

#[tokio::test]
async fn what_is_discarded_waits_no_more_and_the_reason_is_in_the_trail() {
    let stack = Stack::start(Options::http()).await;
    let (one, other) = (stack.tenant().await, stack.tenant().await);
    letters(&stack, Some(&one), 2).await;
    letters(&stack, Some(&other), 1).await;
    letters(&stack, None, 1).await;
    let operator = stack.operator();
    let answer = discard(&operator, &json!({ "filter": {} })).key("all").send().await.expect(200);
    assert_eq!(answer.json(), json!({ "discarded": 4, "refused": [], "has_more": false, "next_after": null }));
    let again = discard(&operator, &json!({ "filter": {} })).key("all").send().await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", answer.json()));
    let listed = operator.get("/v1/ops/dead-letters?state=discarded").send().await.expect(200).json();
    assert_eq!((listed["data"].as_array().unwrap().len(), open(&stack).await), (4, 0));
    assert!(listed["data"].as_array().unwrap().iter().all(|letter| letter["settled_at"].is_string()));
    for (tenant, count) in [(one.key.tenant_id.as_str(), 2), (&other.key.tenant_id, 1), (&operator.key.tenant_id, 1)] {
        let trail = format!("SELECT actor, detail FROM audit WHERE tenant_id = '{}' AND action = 'dead_letters.discarded'", raw_id(tenant));
        let rows = stack.sql().rows(&trail).await;
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((&row["actor"], &row["detail"]["reason"]), (&json!(operator.key.key_id), &json!("sent_by_a_test")));
        assert_eq!(row["detail"]["letters"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn a_letter_that_cannot_be_discarded_is_named_and_holds_up_no_other() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    letters(&stack, Some(&caller), 2).await;
    let (first, second, nobody) = (letter(1), letter(2), letter(7));
    discard(&stack.operator(), &json!({ "ids": [first] })).new_key().send().await.expect(200);
    let answer = discard(&stack.operator(), &json!({ "ids": [first, second, nobody] })).new_key().send().await.expect(200).json();
    let refused = json!([{ "id": nobody, "reason": "not_found" }, { "id": first, "reason": "settled" }]);
    assert_eq!((&answer["discarded"], &answer["refused"]), (&json!(1), &refused));
}

#[tokio::test]
async fn a_call_settles_a_thousand_and_says_where_to_go_on() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    letters(&stack, Some(&caller), 1_003).await;
    let answer = discard(&stack.operator(), &json!({ "filter": {} })).new_key().send().await.expect(200).json();
    assert_eq!((&answer["discarded"], &answer["has_more"], &answer["next_after"]), (&json!(1_000), &json!(true), &json!(letter(1_000))));
    let rest = json!({ "filter": { "after": answer["next_after"] } });
    let answer = discard(&stack.operator(), &rest).new_key().send().await.expect(200).json();
    assert_eq!((&answer["discarded"], &answer["has_more"], &answer["next_after"]), (&json!(3), &json!(false), &Value::Null));
}

#[tokio::test]
async fn two_who_discard_the_same_letters_at_once_discard_each_once() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    letters(&stack, Some(&caller), 200).await;
    let operator = stack.operator();
    let one = || discard(&operator, &json!({ "filter": {} })).new_key().send();
    let (one, other) = tokio::join!(one(), one());
    let discarded: i64 =
        [one, other].into_iter().filter(|answer| answer.status == 200).map(|answer| answer.json()["discarded"].as_i64().unwrap()).sum();
    assert_eq!((discarded, open(&stack).await), (200, 0));
}

#[tokio::test]
async fn no_tenant_discards_another_ones_even_with_the_scope() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = (stack.tenant().await, stack.tenant_with_scopes(&[Permission::OpsWrite]).await);
    letters(&stack, Some(&caller), 1).await;
    letters(&stack, None, 1).await;
    for which in
        [json!({ "filter": {} }), json!({ "filter": { "tenant_id": caller.key.tenant_id } }), json!({ "ids": [letter(1), letter(2)] })]
    {
        let answer = discard(&stranger, &which).new_key().send().await.expect(200).json();
        assert_eq!(answer["discarded"], 0, "{which}");
    }
    discard(&caller, &json!({ "filter": {} })).new_key().send().await.problem(403, "insufficient_scope");
    assert_eq!(open(&stack).await, 2);
}

fn letter(number: usize) -> String {
    format!("dl_{number:032x}")
}
