//! Bodies: what is JSON, what fits, and what is said about what does not.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    super::{BoxFuture, Call, Problem, Reply},
    HttpSpec, Route, SPEC, THING, app, post, send,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is what is tested")]
struct Body {
    name: String,
    lines: Vec<Line>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is what is tested")]
struct Line {
    quantity: u32,
    colour: Option<Colour>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Green,
}

fn shaped(call: Call) -> BoxFuture<'static, Result<Reply, Problem>> {
    Box::pin(async move { call.json::<Body>().map(|_| Reply::no_content()) })
}

fn any_json(call: Call) -> BoxFuture<'static, Result<Reply, Problem>> {
    Box::pin(async move { call.json::<serde_json::Value>().map(|_| Reply::no_content()) })
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn what_does_not_fit_is_named_by_pointer() {
    let app = app(SPEC, shaped);
    for (body, pointer, code) in [
        (r#"{"name":"a","lines":[{"quantity":1},{"quantity":"2"}]}"#, "/lines/1/quantity", "invalid_type"),
        (r#"{"name":"a","lines":[{"quantity":-1}]}"#, "/lines/0/quantity", "out_of_range"),
        (r#"{"name":"a","lines":[{}]}"#, "/lines/0/quantity", "required"),
        (r#"{"lines":[]}"#, "/name", "required"),
        (r#"{"name":"a","lines":[{"quantity":1,"taste":2}]}"#, "/lines/0/taste", "unknown_field"),
        (r#"{"name":"a","lines":[],"metadata":{"a/b~c":1}}"#, "/metadata/a~1b~0c", "invalid_type"),
        (r#"{"name":"a","lines":[{"quantity":4294967296}]}"#, "/lines/0/quantity", "out_of_range"),
        (r#"{"name":"a","lines":[{"quantity":18446744073709551616}]}"#, "/lines/0/quantity", "out_of_range"),
        (r#"{"name":"a","lines":[{"quantity":1.0}]}"#, "/lines/0/quantity", "invalid_type"),
        (r#"{"name":"a","lines":[[1]]}"#, "/lines/0", "invalid_type"),
        (r#"{"name":"a","lines":[{"quantity":1,"colour":"red"}]}"#, "/lines/0/colour", "unknown_value"),
        (r#"{"name":"a","lines":[{"quantity":1,"colour":{"green":null}}]}"#, "/lines/0/colour", "invalid_type"),
        (r#"["a",[]]"#, "", "invalid_type"),
        ("[]", "", "invalid_type"),
        ("null", "", "invalid_type"),
    ] {
        let answer = send(&app, post(THING, &[JSON], body)).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{body}");
        let errors = answer.json()["errors"].clone();
        assert_eq!((errors[0]["pointer"].as_str(), errors[0]["code"].as_str()), (Some(pointer), Some(code)), "{body}: {errors}");
    }
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let app = app(SPEC, any_json);
    for body in ["", "{", "{}x", "{\"a\":1,}", "nul", "\"\\ud800\"", "1e999", r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
        assert_eq!(send(&app, post(THING, &[JSON], body)).await.problem(), (400, "malformed".to_owned()), "{body}");
    }
    assert_eq!(send(&app, post(THING, &[JSON], vec![b'"', 0xff, b'"'])).await.problem().0, 400);
}

#[tokio::test]
async fn thirty_two_levels_are_taken_and_one_more_is_not() {
    let app = app(SPEC, any_json);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(send(&app, post(THING, &[JSON], nested(32))).await.status, 204);
        for depth in [33, 1_000, 100_000] {
            assert_eq!(send(&app, post(THING, &[JSON], nested(depth))).await.problem().0, 400, "{depth}");
        }
    }
}

#[tokio::test]
async fn only_json_media_types_are_taken() {
    let post_app = app(SPEC, any_json);
    for media_type in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(send(&post_app, post(THING, &[("content-type", media_type)], "{}")).await.status, 204, "{media_type}");
    }
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/merge-patch+json")],
        &[("content-type", "application/json"), ("content-type", "text/plain")],
    ] {
        let answer = send(&post_app, post(THING, headers, "{}")).await;
        assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()));
        assert_eq!(answer.header("accept-post"), "application/json");
    }
    let compressed = send(&post_app, post(THING, &[JSON, ("content-encoding", "gzip")], "{}")).await;
    assert_eq!(compressed.problem(), (415, "unsupported_media_type".to_owned()));
    assert_eq!(compressed.header("accept-encoding"), "identity");
    let patch_app = app(HttpSpec { routes: &[Route { method: "PATCH", path: "/v1/things/{order_id}" }], ..SPEC }, any_json);
    let patch = |media_type| http::Request::patch(THING).header("content-type", media_type).body("{}".into()).unwrap();
    assert_eq!(send(&patch_app, patch("application/merge-patch+json")).await.status, 204);
    assert_eq!(send(&patch_app, patch("text/plain")).await.header("accept-patch"), "application/merge-patch+json, application/json");
}
