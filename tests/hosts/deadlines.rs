//! On Lambda every invocation ends before its deadline: answered, or given back.

use std::time::Duration;

use serde_json::{Value, json};
use shared::cloudevents;
use tests::{Caller, Options, Partner, RuntimeApi, Stack, sample, until};

use super::triggers::{batch, packed};

/// A request as an API Gateway HTTP API sends it.
fn request(request: tests::Request<'_>) -> Value {
    let (method, path, headers, body) = request.into_parts();
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().into())).collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": { "http": { "method": method.as_str(), "path": path }, "stage": "$default" },
        "body": String::from_utf8(body).unwrap(),
        "isBase64Encoded": false,
    })
}

async fn place(caller: &Caller) -> String {
    caller.place(&sample::order()).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_answered_in_time() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let id = place(&caller).await;
    let mut api = RuntimeApi::host("cancel-order", stack.environment()).await;
    let cancel = || request(caller.post(&format!("/v1/orders/{id}/cancel")).new_key());
    let unknown = request(caller.post("/v1/orders/ord_0198f000000070008000000000000001/cancel").new_key());
    let answer = api.invoke(&unknown, Duration::from_secs(10)).await.unwrap();
    assert_eq!(answer["statusCode"], 404);

    let mut other = stack.sql().pool().acquire().await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT 1 FROM orders FOR UPDATE").execute(&mut *other).await.unwrap();
    // It would wait for its lock until after this deadline.
    let answer = api.invoke(&cancel(), Duration::from_millis(900)).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["headers"]["retry-after"]), (&json!(503), &json!("1")), "{answer}");
    sqlx::raw_sql("ROLLBACK").execute(&mut *other).await.unwrap();
    let answer = api.invoke(&cancel(), Duration::from_secs(10)).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

/// What a function URL passes on as it comes: a document with status and headers, eight zero bytes, the body.
#[tokio::test]
async fn a_stream_ends_before_its_invocation_does_and_is_not_to_be_had_through_a_gateway() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    place(&caller).await;
    let mut api = RuntimeApi::host("stream-orders", stack.environment()).await;
    let through = |domain: &str| {
        let mut event = request(caller.get("/v1/orders/stream").header("last-event-id", "0-0"));
        event["requestContext"]["domainName"] = domain.into();
        event
    };
    let url = api.invoke(&through("abc.lambda-url.eu-central-1.on.aws"), Duration::from_secs(5)).await.unwrap();
    let (head, body) = url.as_str().unwrap().split_once("\0\0\0\0\0\0\0\0").unwrap();
    let head: Value = serde_json::from_str(head).unwrap();
    assert_eq!((&head["statusCode"], &head["headers"]["content-type"]), (&json!(200), &json!("text/event-stream")));
    let told: Vec<_> = body.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(told, ["open", "order.created.v1", "close"], "{body}");

    let gateway = api.invoke(&through("abc.execute-api.eu-central-1.amazonaws.com"), Duration::from_secs(5)).await.unwrap();
    assert_eq!(gateway["statusCode"], 500, "{gateway}");
    assert!(gateway["body"].as_str().unwrap().contains("streams are not offered at this address"), "{gateway}");
}

#[tokio::test]
async fn a_batch_is_given_back_before_it_is_cut() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let id = place(&caller).await;
    let mut api = RuntimeApi::host("on-inventory-event", stack.environment()).await;
    let data = json!({ "reservation_id": format!("{id}:1"), "order_id": id });
    let reserved = Partner::event("/inventory", "inventory.reserved.v1", &caller.key.tenant_id, &id, &data);
    let event = batch("q", &[packed(&reserved.encode_structured(), cloudevents::CONTENT_TYPE, &Value::Null)]);
    // The first invocation waits for the process to start; an empty one does that.
    assert_eq!(api.invoke(&batch("q", &[]), Duration::from_secs(10)).await, Ok(Value::Null));
    let given_back = api.invoke(&event, Duration::from_millis(2_500)).await.unwrap_err();
    assert_eq!(given_back["errorMessage"], "no time is left; 0 messages of 1 were settled");
    assert_eq!(caller.order(&id).await["version"], 1);
    assert_eq!(api.invoke(&event, Duration::from_secs(10)).await, Ok(Value::Null));
    assert_eq!(caller.order(&id).await["version"], 2);
}

#[tokio::test]
async fn a_job_ends_its_turn_by_itself() {
    let stack = Stack::start(Options::broker().only("create-order")).await;
    let caller = stack.tenant().await;
    let _commands = stack.partner().await.listen_to_commands().await;
    let mut api = RuntimeApi::host("outbox-relay", stack.environment()).await;
    place(&caller).await;
    assert_eq!(api.invoke(&json!({}), Duration::from_secs(8)).await, Ok(Value::Null));
    until("the turn was of use", async || (stack.sql().count("outbox WHERE published_at IS NULL").await == 0).then_some(())).await;
}
