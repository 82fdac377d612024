//! Query parameters: what is refused is named.

use serde::Deserialize;

use super::{
    super::{BoxFuture, Call, Problem, Reply},
    HttpSpec, Route, SPEC, app, send,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    status: Option<String>,
    count: Option<u32>,
}

fn handle(call: Call) -> BoxFuture<'static, Result<Reply, Problem>> {
    Box::pin(async move {
        let filter: Filter = call.query()?;
        Reply::json(200, &(filter.status, filter.count))
    })
}

async fn ask(query: &str) -> super::Answer {
    let app = app(HttpSpec { routes: &[Route { method: "GET", path: "/v1/things" }], ..SPEC }, handle);
    send(&app, http::Request::get(format!("/v1/things?{query}")).body("".into()).unwrap()).await
}

#[tokio::test]
async fn parameters_are_decoded() {
    assert_eq!(ask("status=a%20b+c&count=7").await.json(), serde_json::json!(["a b c", 7]));
    assert_eq!(ask("").await.json(), serde_json::json!([null, null]));
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    for (query, parameter) in [
        ("colour=1", "colour"),
        ("count=x", "count"),
        ("count=-1", "count"),
        ("status=a&status=b", "status"),
        ("status=%00", "status"),
        ("status=%ff", "status"),
        ("status=a%0Ab", "status"),
    ] {
        let answer = ask(query).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{query}");
        assert_eq!(answer.json()["parameter"], parameter, "{query}: {}", answer.json());
    }
}
