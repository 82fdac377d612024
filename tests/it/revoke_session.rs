//! `DELETE /v1/sessions/{session_id}`: a session ends at once.

use tests::{Options, Stack};

#[tokio::test]
async fn a_revoked_session_reads_nothing_more() {
    let stack = Stack::start(Options::http()).await;
    let (caller, other) = tokio::join!(stack.tenant(), stack.tenant());
    let begin = async || caller.post("/v1/sessions").send().await.expect(201).json();
    let (session, sibling) = (begin().await, begin().await);
    let [path, token, sibling] = [("id", &session), ("token", &session), ("token", &sibling)]
        .map(|(member, session)| session[member].as_str().unwrap())
        .map(str::to_owned);
    let path = format!("/v1/sessions/{path}");
    caller.get("/v1/orders").in_session(&token).send().await.expect(200);
    other.delete(&path).send().await.problem(404, "not_found");
    caller.get("/v1/orders").in_session(&token).send().await.expect(200);
    caller.delete(&path).send().await.expect(204);
    caller.get("/v1/orders").in_session(&token).send().await.problem(401, "unauthenticated");
    caller.get("/v1/orders").in_session(&sibling).send().await.expect(200);
    caller.delete(&path).send().await.problem(404, "not_found");
}
