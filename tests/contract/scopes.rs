//! Every endpoint, called by a key with all scopes but the one it needs, and by a key with that one alone.

use shared::{domain::permissions::Permission, function::Access};
use tests::{Answer, Caller, Options, Stack};

use super::routes::{self, Endpoint};

#[tokio::test]
async fn an_endpoint_takes_the_scope_it_names_and_no_other() {
    let stack = Stack::start(Options::http()).await;
    let mut findings = Vec::new();
    for endpoint in routes::authenticated() {
        let (without, with) = match endpoint.spec.permission {
            Access::Scope(needed) => (Permission::ALL.iter().copied().filter(|scope| *scope != needed).collect(), vec![needed]),
            Access::Any | Access::Public => (Vec::new(), Vec::new()),
        };
        findings.extend(judge(&stack, endpoint, &without, &with).await);
    }
    assert_eq!(findings, Vec::<String>::new());
}

/// The matrix is worth something: with the keys exchanged it finds every endpoint, twice.
#[tokio::test]
async fn the_matrix_finds_a_scope_that_is_not_asked_for() {
    let stack = Stack::start(Options::http()).await;
    for endpoint in routes::authenticated() {
        let Access::Scope(needed) = endpoint.spec.permission else { continue };
        let others: Vec<_> = Permission::ALL.iter().copied().filter(|scope| *scope != needed).collect();
        assert_eq!(judge(&stack, endpoint, &[needed], &others).await.len(), 2, "{endpoint}");
    }
}

#[tokio::test]
async fn an_endpoint_answers_nobody_who_has_not_signed() {
    let stack = Stack::start(Options::http()).await;
    let caller = stack.tenant_with_all_scopes().await;
    let ids = routes::own_ids(&caller).await;
    let before = stack.sql().contents().await;
    for endpoint in routes::authenticated() {
        let problem = routes::request(&caller, endpoint, &ids).unsigned().send().await.problem(401, "signature_missing");
        assert_eq!(problem["reason"], "missing", "{endpoint}");
    }
    assert_eq!(stack.sql().contents().await, before);
}

/// What is wrong with the answers to a key with the scopes `without` and to one with the scopes `with`.
async fn judge(stack: &Stack, endpoint: Endpoint, without: &[Permission], with: &[Permission]) -> Vec<String> {
    // The ids are made by a key that may do everything; whether they are the caller's own makes no difference to its scopes.
    let ids = routes::own_ids(&stack.tenant_with_all_scopes().await).await;
    let ask = async |caller: Caller| routes::request(&caller, endpoint, &ids).send().await;
    let mut findings = Vec::new();
    if let Access::Scope(needed) = endpoint.spec.permission {
        let refused = ask(stack.tenant_with_scopes(without).await).await;
        if !names(&refused, needed) {
            findings.push(format!("{endpoint}: a key without {needed} is answered {refused:?}"));
        }
    }
    let admitted = ask(stack.tenant_with_scopes(with).await).await;
    if matches!(admitted.status, 401 | 403) {
        findings.push(format!("{endpoint}: a key with {with:?} is refused: {admitted:?}"));
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
