//! Routing, limits, and what becomes of a handler that panics or takes too long.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{Method, Request};
use tokio::sync::Notify;

use super::{
    super::{HttpFunction, Problem, Reply, router},
    HttpSpec, Route, SPEC, THING, app, echo, post, send, state,
};
use crate::{
    commands::{Answer, Executed},
    domain::ids::OrderId,
};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not() {
    let app = app(SPEC, echo);
    let streamed = |len: usize| {
        let chunks = [Bytes::from(vec![b'x'; len - 1]), Bytes::from_static(b"x")].map(Ok::<_, Infallible>);
        Body::from_stream(stream::iter(chunks))
    };
    assert_eq!(send(&app, post(THING, &[], vec![b'x'; MIB])).await.body.len(), MIB);
    assert_eq!(send(&app, post(THING, &[], streamed(MIB))).await.body.len(), MIB);
    for body in [Body::from(vec![b'x'; MIB + 1]), streamed(MIB + 1)] {
        assert_eq!(send(&app, post(THING, &[], body)).await.problem(), (413, "payload_too_large".to_owned()));
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    let chunks = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))];
    let answer = send(&app(SPEC, echo), post(THING, &[], Body::from_stream(stream::iter(chunks)))).await;
    assert_eq!(answer.problem().0, 400);
}

#[tokio::test]
async fn paths_and_methods_that_nobody_has() {
    let get = HttpSpec { routes: &[Route { method: "GET", path: "/v1/things/{order_id}" }], ..SPEC };
    let functions = [SPEC, get].map(|spec| HttpFunction::new(Box::leak(Box::new(spec)), echo));
    let app = router(functions.to_vec(), state().0);
    assert_eq!(send(&app, post("/v1/nothing", &[], "")).await.problem(), (404, "not_found".to_owned()));
    let answer = send(&app, Request::delete(THING).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()));
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
}

#[tokio::test]
async fn what_another_process_hosts_is_judged_by_the_catalog() {
    let app = app(HttpSpec { routes: &[Route { method: "POST", path: "/v1/orders" }], ..SPEC }, echo);
    let order = "/v1/orders/ord_0198f000000070008000000000000001";
    for (method, path, status, allow) in [
        (Method::DELETE, "/v1/orders", 405, "GET, HEAD, POST"),
        (Method::GET, "/v1/orders", 404, "GET, HEAD, POST"),
        (Method::PUT, order, 405, "GET, HEAD"),
        (Method::GET, order, 404, "GET, HEAD"),
        (Method::GET, "/v1/orders/x/y/z", 404, ""),
    ] {
        let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
        let answer = send(&app, request).await;
        assert_eq!((answer.problem().0, answer.header("allow")), (status, allow), "{method} {path}");
    }
}

#[tokio::test]
async fn a_path_parameter_that_is_no_id_names_nothing() {
    let app = app(SPEC, |call| Box::pin(async move { call.path::<OrderId>("order_id").map(|_| Reply::no_content()) }));
    assert_eq!(send(&app, post(THING, &[], "")).await.status, 204);
    assert_eq!(send(&app, post(&THING.replace("ord_", "%6frd_"), &[], "")).await.status, 204, "percent-decoded");
    for path in ["/v1/things/1", "/v1/things/%ff", "/v1/things/ord_0198F000000070008000000000000001", "/v1/things/"] {
        assert_eq!(send(&app, post(path, &[], "")).await.problem().0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_says_nothing() {
    let app = app(SPEC, |_| Box::pin(async { panic!("kim@example.com") }));
    let answer = send(&app, post(THING, &[], "")).await;
    assert_eq!(answer.problem(), (500, "internal".to_owned()));
    assert!(!String::from_utf8(answer.body).unwrap().contains("kim"));
}

#[tokio::test]
async fn a_time_limit_ends_the_waiting_and_not_the_work() {
    static RELEASE: Notify = Notify::const_new();
    static FINISHED: Notify = Notify::const_new();
    let app = app(HttpSpec { timeout_seconds: 0, ..SPEC }, |_| {
        Box::pin(async {
            RELEASE.notified().await;
            FINISHED.notify_one();
            Ok(Reply::no_content())
        })
    });
    let answer = send(&app, post(THING, &[], "")).await;
    assert_eq!(answer.problem(), (503, "dependency_unavailable".to_owned()));
    assert_eq!((answer.header("retry-after"), answer.json()["retryable"].as_bool()), ("1", Some(true)));
    RELEASE.notify_one();
    FINISHED.notified().await;
}

#[tokio::test]
async fn every_answer_names_its_request_and_its_cache_policy() {
    let app = app(SPEC, |_| Box::pin(async { Ok(Reply::json(200, &())?.version(3)) }));
    let echoed = send(&app, post(THING, &[("x-request-id", "abc-1")], "")).await;
    assert_eq!((echoed.header("x-request-id"), echoed.header("cache-control")), ("abc-1", "private, no-cache"));
    assert_eq!(echoed.header("etag"), "\"v3\"");
    let fresh = send(&app, post(THING, &[("x-request-id", "a b")], "")).await;
    assert_eq!(fresh.header("x-request-id").len(), 36);
    let missing = send(&app, post("/nowhere", &[], "")).await;
    assert_eq!(missing.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_stored_answer_is_replayed_as_it_was() {
    let executed = |replayed| {
        let body = "{\"id\": \"as stored\"}".to_owned();
        Executed { answer: Answer { status: 201, location: Some("/v1/orders/x".into()), etag: Some("\"v1\"".into()), body }, replayed }
    };
    for replayed in [false, true] {
        let response = Reply::from(executed(replayed)).into_response();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["location"], "/v1/orders/x");
        assert_eq!(response.headers()["etag"], "\"v1\"");
        assert_eq!(response.headers().contains_key("idempotency-replayed"), replayed);
    }
}

#[tokio::test]
async fn demanded_headers_are_demanded() {
    let keyed = app(HttpSpec { idempotency: true, ..SPEC }, echo);
    assert_eq!(send(&keyed, post(THING, &[], "")).await.problem(), (400, "idempotency_key_required".to_owned()));
    assert_eq!(send(&keyed, post(THING, &[("idempotency-key", "a b")], "")).await.problem(), (400, "malformed".to_owned()));
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    assert_eq!(send(&keyed, post(THING, &twice, "")).await.problem(), (400, "malformed".to_owned()));
    assert_eq!(send(&keyed, post(THING, &[("idempotency-key", "\"a\"")], "")).await.status, 200);

    let conditional = app(HttpSpec { if_match: true, ..SPEC }, echo);
    assert_eq!(send(&conditional, post(THING, &[], "")).await.problem(), (428, "precondition_required".to_owned()));
    assert_eq!(send(&conditional, post(THING, &[("if-match", "\"v1\"")], "")).await.status, 200);

    let dry = send(&app(SPEC, echo), post(THING, &[("dry-run", "true")], "")).await;
    assert_eq!(dry.problem(), (400, "malformed".to_owned()));
}

#[tokio::test]
async fn a_failed_handler_is_answered_by_its_problem() {
    let app = app(SPEC, |_| Box::pin(async { Err(Problem::not_found()) }));
    assert_eq!(send(&app, post(THING, &[], "")).await.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_the_work() {
    static STARTED: Notify = Notify::const_new();
    static RELEASE: Notify = Notify::const_new();
    static FINISHED: Notify = Notify::const_new();
    let app = app(SPEC, |_| {
        Box::pin(async {
            STARTED.notify_one();
            RELEASE.notified().await;
            FINISHED.notify_one();
            Ok(Reply::no_content())
        })
    });
    let caller = tokio::spawn(async move { send(&app, post(THING, &[], "")).await.status });
    STARTED.notified().await;
    caller.abort();
    assert!(caller.await.is_err());
    RELEASE.notify_one();
    FINISHED.notified().await;
}
