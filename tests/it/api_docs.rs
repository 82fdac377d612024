//! `GET /openapi.json`, `/docs`, `/problems/{code}`, and what is answered where there is nothing.

use http::Method;
use tests::{Options, Stack, contract, message_schema, sample};

#[tokio::test]
async fn the_document_is_served_as_it_is_committed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let answer = caller.get("/openapi.json").unsigned().send().await.expect(200);
    assert_eq!(answer.json(), *contract::DOCUMENT);
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "public, max-age=300"));
    let again = caller.get("/openapi.json").unsigned().header("if-none-match", answer.header("etag")).send().await.expect(304);
    assert_eq!((again.body.len(), again.header("etag")), (0, answer.header("etag")));
}

#[tokio::test]
async fn the_contract_of_messages_is_served_and_so_is_each_schema() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let document = caller.get("/asyncapi.json").unsigned().send().await.expect(200).json();
    assert_eq!(document["asyncapi"], "3.0.0");
    for r#type in document["components"]["messages"].as_object().unwrap().keys() {
        let answer = caller.get(&format!("/schemas/{type}")).unsigned().send().await.expect(200);
        assert_eq!(Some(serde_json::from_slice(&answer.body).unwrap()), message_schema(r#type), "{type}");
        assert_eq!(answer.header("content-type"), "application/schema+json");
    }
    caller.get("/schemas/order.created.v9").unsigned().send().await.problem(404, "not_found");
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let page = caller.get("/docs").unsigned().send().await.expect(200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let html = String::from_utf8(page.body.clone()).unwrap();
    let loaded: Vec<_> = html.split(['"', '\'']).filter(|text| text.starts_with("/docs/")).collect();
    assert_eq!(loaded, ["/docs/page.css", "/docs/page.js"]);
    assert!(!html.contains("//"), "an address of elsewhere");
    for path in loaded {
        caller.get(path).unsigned().send().await.expect(200);
    }
}

#[tokio::test]
async fn a_problems_type_leads_to_what_it_means() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    let problem = caller.get("/v1/orders?limit=0").send().await.problem(422, "validation_failed");
    let meaning = caller.get(problem["type"].as_str().unwrap()).unsigned().send().await.expect(200).json();
    for (member, value) in meaning.as_object().unwrap() {
        assert_eq!(problem[member], *value, "{member}");
    }
    caller.get("/problems/no_such_code").unsigned().send().await.problem(404, "not_found");
}

#[tokio::test]
async fn every_operation_is_hosted_and_signed_as_documented() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    for (path, method, operation) in contract::operations() {
        // An id that cannot be, and a code and a type that can.
        let path = path.replace("{code}", "internal").replace("{type}", "order.created.v1").replace(['{', '}'], "");
        let answer = caller.request(method.parse().unwrap(), &path).unsigned().send().await;
        if operation["security"].as_array().unwrap().is_empty() {
            answer.expect(200);
            continue;
        }
        let is_pushed = operation["security"][0].get("webhook_signature").is_some();
        assert_eq!(answer.header("www-authenticate"), if is_pushed { "StandardWebhooks" } else { "Signature" }, "{method} {path}");
        assert_eq!(answer.header("accept-signature").contains("tag=\"orders-v1\""), !is_pushed, "{method} {path}");
        answer.problem(401, "signature_missing");
    }
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    for (method, path, allow) in [
        (Method::DELETE, "/v1/orders", "GET, HEAD, POST"),
        (Method::POST, "/docs", "GET, HEAD"),
        (Method::PUT, "/problems/internal", "GET, HEAD"),
    ] {
        let answer = caller.request(method, path).send().await;
        assert_eq!(answer.header("allow"), allow, "{path}");
        answer.problem(405, "method_not_allowed");
    }
    caller.get("/v1/nothing").send().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_function_alone_judges_paths_as_all_together_do() {
    let stack = Stack::start(Options::http().only("api-docs")).await;
    let caller = stack.tenant().await;
    // Hosted elsewhere: not here, and nobody says that it could not be.
    caller.get("/v1/orders").send().await.problem(404, "not_found");
    let answer = caller.request(Method::DELETE, "/v1/orders").send().await;
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    answer.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn another_media_type_is_told_which_one_is_taken() {
    let stack = Stack::start(Options::http()).await;
    let request = stack.tenant().await;
    let request = request.post("/v1/orders").new_key().bytes("a=b").header("content-type", "application/x-www-form-urlencoded");
    let answer = request.send().await;
    assert_eq!(answer.header("accept-post"), "application/json");
    answer.problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn the_documented_order_can_be_placed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant().await;
    // Each answer is held against the document by the caller itself.
    let placed = caller.place(&contract::example("create-order")).await;
    caller.order(placed["id"].as_str().unwrap()).await;
    caller.place(&sample::order()).await;
}
