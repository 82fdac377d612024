//! Every endpoint, called by a key with all scopes but the one it needs, and by a key with that one alone.

use shared::{
    domain::permissions::Permission,
    function::{Access, HttpSpec},
};
use tests::{Answer, Caller, Stack};

use super::routes;

#[tokio::test]
async fn an_endpoint_takes_the_scope_it_names_and_no_other() {
    let stack = routes::start().await;
    let mut findings = Vec::new();
    for spec in routes::authenticated() {
        let (without, with) = match spec.permission {
            Access::Scope(needed) => (Permission::ALL.iter().copied().filter(|scope| *scope != needed).collect(), vec![needed]),
            Access::Any | Access::Public => (Vec::new(), Vec::new()),
        };
        findings.extend(judge(&stack, spec, &without, &with).await);
    }
    assert_eq!(findings, Vec::<String>::new());
}

/// The matrix is worth something: with the keys exchanged it finds every endpoint, twice.
#[tokio::test]
async fn the_matrix_finds_a_scope_that_is_not_asked_for() {
    let stack = routes::start().await;
    for spec in routes::authenticated() {
        let Access::Scope(needed) = spec.permission else { continue };
        let others: Vec<_> = Permission::ALL.iter().copied().filter(|scope| *scope != needed).collect();
        assert_eq!(judge(&stack, spec, &[needed], &others).await.len(), 2, "{}", spec.name);
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
    assert_eq!(stack.sql().contents().await, before);
}

/// What is wrong with the answers to a key with the scopes `without` and to one with the scopes `with`.
async fn judge(stack: &Stack, spec: &'static HttpSpec, without: &[Permission], with: &[Permission]) -> Vec<String> {
    // The ids are made by a key that may do everything; whether they are the caller's own makes no difference to its scopes.
    let ids = routes::own_ids(&stack.tenant_with_all_scopes().await).await;
    let ask = async |caller: Caller| routes::request(&caller, spec, &ids).send().await;
    let mut findings = Vec::new();
    if let Access::Scope(needed) = spec.permission {
        let refused = ask(stack.tenant_with_scopes(without).await).await;
        if !names(&refused, needed) {
            findings.push(format!("{}: a key without {needed} is answered {refused:?}", spec.name));
        }
    }
    let admitted = ask(stack.tenant_with_scopes(with).await).await;
    if matches!(admitted.status, 401 | 403) {
        findings.push(format!("{}: a key with {with:?} is refused: {admitted:?}", spec.name));
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
