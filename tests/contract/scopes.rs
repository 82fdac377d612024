//! Every endpoint, called by a key with all scopes but the one it needs, and by a key with that one alone.

use shared::{
    domain::permissions::Permission,
    function::{Access, HttpSpec},
};
use tests::{Answer, Caller, Stack};

use super::routes::{self, Ids};

#[tokio::test]
async fn an_endpoint_takes_the_scope_it_names_and_no_other() {
    let stack = routes::start().await;
    let mut findings = Vec::new();
    for spec in routes::scoped() {
        findings.extend(judge(spec, &ids(&stack).await, &without(&stack, spec).await, &with(&stack, spec).await).await);
    }
    assert_eq!(findings, Vec::<String>::new());
}

/// The matrix is worth something: with the keys exchanged it finds every endpoint, twice.
#[tokio::test]
async fn the_matrix_finds_a_scope_that_is_not_asked_for() {
    let stack = routes::start().await;
    for spec in routes::scoped() {
        let findings = judge(spec, &ids(&stack).await, &with(&stack, spec).await, &without(&stack, spec).await).await;
        assert_eq!(findings.len(), 2, "{}: {findings:?}", spec.name);
    }
}

#[tokio::test]
async fn an_endpoint_answers_nobody_who_has_not_signed() {
    let stack = routes::start().await;
    let caller = stack.tenant_with_all_scopes().await;
    let ids = routes::own_ids(&caller).await;
    let before = stack.sql().contents().await;
    for spec in routes::authenticated() {
        let problem = routes::request(&caller, spec, &ids).unsigned().send().await.problem(401, "signature_missing");
        assert_eq!(problem["reason"], "missing", "{}", spec.name);
    }
    for spec in routes::pushed_to() {
        // The signature of a key, whatever it may do, is no partner's.
        for request in [caller.post(routes::route(spec).path), caller.post(routes::route(spec).path).unsigned()] {
            let problem = request.json(&serde_json::json!({})).send().await.problem(401, "signature_missing");
            assert_eq!(problem["reason"], "missing", "{}", spec.name);
        }
    }
    assert_eq!(stack.sql().contents().await, before);
}

/// Ids made by a key that may do everything; whether they are the caller's own makes no difference to its scopes.
async fn ids(stack: &Stack) -> Ids {
    routes::own_ids(&stack.tenant_with_all_scopes().await).await
}

fn needed(spec: &HttpSpec) -> Permission {
    match spec.permission {
        Access::Scope(needed) => needed,
        Access::Any | Access::Public | Access::Webhook => panic!("{} names no scope: say here who may call it", spec.name),
    }
}

/// A key with every scope but the one that is needed. A tenant's key may even bear `admin`: it counts in the operator's hands alone.
async fn without(stack: &Stack, spec: &HttpSpec) -> Caller {
    let needed = needed(spec);
    let others: Vec<_> = Permission::ALL.iter().copied().filter(|scope| *scope != needed || needed == Permission::Admin).collect();
    stack.tenant_with_scopes(&others).await
}

/// A key with the needed scope and no other; for `admin` the operator's.
async fn with(stack: &Stack, spec: &HttpSpec) -> Caller {
    match needed(spec) {
        Permission::Admin => stack.operator(),
        scope => stack.tenant_with_scopes(&[scope]).await,
    }
}

/// What is wrong with the answers to two keys, one without and one with the scope.
async fn judge(spec: &'static HttpSpec, ids: &Ids, without: &Caller, with: &Caller) -> Vec<String> {
    let mut findings = Vec::new();
    let refused = routes::request(without, spec, ids).send().await;
    if !names(&refused, needed(spec)) {
        findings.push(format!("{}: a key without the scope is answered {refused:?}", spec.name));
    }
    let admitted = routes::request(with, spec, ids).send().await;
    if matches!(admitted.status, 401 | 403) {
        findings.push(format!("{}: a key with the scope is refused: {admitted:?}", spec.name));
    }
    findings
}

/// Whether the answer is a 403 that names the scope.
fn names(answer: &Answer, scope: Permission) -> bool {
    answer.status == 403 && {
        let problem = answer.json();
        problem["code"] == "insufficient_scope" && problem["required_scope"] == scope.as_str()
    }
}
