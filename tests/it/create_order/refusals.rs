//! Orders that may not be: told with everything that is wrong, and nothing written.

use serde_json::{Value, json};
use tests::{Options, Stack, sample};

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let stack = Stack::start(Options::http()).await;
    let wrong = sample::with(|order| {
        order["currency"] = "EUX".into();
        order["lines"][0]["quantity"] = 0.into();
        order["lines"][0]["unit_price"] = (-1).into();
        order["lines"][0]["name"] = "".into();
        order["shipping_address"]["country"] = "Austria".into();
        order["payments"][0]["amount"] = 0.into();
    });
    let problem = stack.tenant().await.post("/v1/orders").new_key().json(&wrong).send().await.problem(422, "validation_failed");
    let mut pointers: Vec<_> = errors(&problem).iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    let expected =
        ["/currency", "/lines/0/name", "/lines/0/quantity", "/lines/0/unit_price", "/payments/0/amount", "/shipping_address/country"];
    assert_eq!(pointers, expected);
    assert_eq!(stack.sql().count("orders").await, 0);
}

#[tokio::test]
async fn each_mistake_is_named_by_pointer_and_code() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let max = 9_007_199_254_740_991_i64;
    for (pointer, code, change) in [
        ("/expected_total", "mismatch", Box::new(|order: &mut Value| order["expected_total"] = 3491.into()) as Box<dyn FnOnce(&mut Value)>),
        ("/currency", "unknown_currency", Box::new(|order| order["currency"] = "XXX".into())),
        ("/payments", "exceeds_total", Box::new(|order| order["payments"][0]["amount"] = 3491.into())),
        ("/shipping_address", "required", Box::new(|order| drop(order.as_object_mut().unwrap().remove("shipping_address")))),
        ("/lines", "length", Box::new(|order| order["lines"] = json!([]))),
        ("/lines", "length", Box::new(|order| order["lines"] = json!(vec![order["lines"][0].clone(); 1001]))),
        ("/lines/0/unit_price", "out_of_range", Box::new(move |order| order["lines"][0]["unit_price"] = max.into())),
        ("", "out_of_range", Box::new(move |order| order["shipping"] = max.into())),
        ("/lines/0/discount", "out_of_range", Box::new(|order| order["lines"][0]["discount"] = 2501.into())),
        ("/discount", "out_of_range", Box::new(|order| order["discount"] = 2501.into())),
    ] {
        let order = sample::with(change);
        let problem = caller.post("/v1/orders").new_key().json(&order).send().await.problem(422, "validation_failed");
        let named = errors(&problem).iter().any(|error| error["pointer"] == pointer && error["code"] == code);
        assert!(named, "expected {code} at `{pointer}`: {problem}");
    }
    assert_eq!(stack.sql().count("orders").await, 0);
}

#[tokio::test]
async fn a_mismatch_of_the_total_names_both_numbers() {
    let stack = Stack::start(Options::http()).await;
    let wrong = sample::with(|order| order["expected_total"] = 3000.into());
    let problem = stack.tenant().await.post("/v1/orders").new_key().json(&wrong).send().await.problem(422, "validation_failed");
    let message = errors(&problem)[0]["message"].as_str().unwrap();
    assert!(message.contains("3000") && message.contains("3490"), "{message}");
}

#[tokio::test]
async fn an_external_reference_names_one_order() {
    let stack = Stack::start(Options::http()).await;
    let (caller, stranger) = tokio::join!(stack.tenant(), stack.tenant());
    let order = sample::with(|order| order["external_reference"] = "cart-1842".into());
    let first = caller.place(&order).await;
    let problem = caller.post("/v1/orders").new_key().json(&order).send().await.problem(409, "duplicate_external_reference");
    assert_eq!(problem["order_id"], first["id"]);
    assert_ne!(stranger.place(&order).await["id"], first["id"], "another tenant's references are its own");
}

#[tokio::test]
async fn a_key_is_required_and_has_a_form() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    caller.post("/v1/orders").json(&sample::order()).send().await.problem(400, "idempotency_key_required");
    for bad in ["two words", "\"open", &"k".repeat(256)] {
        let problem = caller.post("/v1/orders").key(bad).json(&sample::order()).send().await.problem(400, "malformed");
        assert_eq!(problem["parameter"], "Idempotency-Key");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_apart_from_one_that_does_not_fit() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let send = |body: &str| caller.post("/v1/orders").new_key().header("content-type", "application/json").bytes(body).send();
    send("{\"currency\":").await.problem(400, "malformed");
    send("{\"currency\":\"EUR\",\"currency\":\"USD\",\"lines\":[]}").await.problem(400, "malformed");
    send("{\"currency\":\"EUR\",\"lines\":[],\"surprise\":1}").await.problem(422, "validation_failed");
    send(&format!("{{\"currency\":\"EUR\",\"lines\":{}{}}}", "[".repeat(40), "]".repeat(40))).await.problem(400, "malformed");
    let text = caller.post("/v1/orders").new_key().header("content-type", "text/plain").bytes("{}").send().await;
    text.problem(415, "unsupported_media_type");
    let amount = sample::with(|order| order["shipping"] = json!(1.5));
    let problem = caller.post("/v1/orders").new_key().json(&amount).send().await.problem(422, "validation_failed");
    assert_eq!(errors(&problem)[0]["pointer"], "/shipping");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let stack = Stack::start(Options::http()).await;
    let order = sample::with(|order| order["metadata"]["blob"] = "x".repeat(1024 * 1024).into());
    stack.tenant().await.post("/v1/orders").new_key().json(&order).send().await.problem(413, "payload_too_large");
}

#[tokio::test]
async fn a_problem_says_whether_to_try_again_and_which_request_it_was() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let answer = caller.post("/v1/orders").header("x-request-id", "req-9").json(&sample::order()).send().await;
    assert_eq!(answer.header("x-request-id"), "req-9");
    let problem = answer.problem(400, "idempotency_key_required");
    assert_eq!((&problem["request_id"], &problem["retryable"], &problem["status"]), (&json!("req-9"), &json!(false), &json!(400)));
    assert!(problem["title"].is_string() && problem["type"].is_string(), "{problem}");
}

fn errors(problem: &Value) -> &Vec<Value> {
    problem["errors"].as_array().unwrap_or_else(|| panic!("no errors in {problem}"))
}
